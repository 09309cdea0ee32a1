// Reads lines of the embedded metric format from standard input, as a JSON array of texts, and
// writes what AWS's own library has against each: its checks, and how it writes the same metrics.
import { isDeepStrictEqual } from "node:util";
import { MetricsContext } from "aws-embedded-metrics/lib/logger/MetricsContext.js";
import { LogSerializer } from "aws-embedded-metrics/lib/serializers/LogSerializer.js";

/** A list of one value is what AWS's library writes as the value itself. */
const plain = (value) => (Array.isArray(value) && value.length === 1 ? value[0] : value);

function judge(line) {
  const { _aws, ...members } = JSON.parse(line);
  const { Timestamp, CloudWatchMetrics, ...others } = _aws;
  if (Object.keys(others).length) return `_aws has ${Object.keys(others)}`;
  if (CloudWatchMetrics.length !== 1) return `it has ${CloudWatchMetrics.length} directives`;
  const [{ Namespace, Dimensions, Metrics }] = CloudWatchMetrics;
  const context = MetricsContext.empty();
  context.setNamespace(Namespace);
  context.setTimestamp(Timestamp);
  const pick = (names) => Object.fromEntries(names.map((name) => [name, members[name]]));
  context.setDimensions(Dimensions.map(pick));
  const targets = new Set([...Dimensions.flat(), ...Metrics.map(({ Name }) => Name)]);
  for (const [name, value] of Object.entries(members)) {
    if (!targets.has(name)) context.setProperty(name, value);
  }
  const expected = { ...members };
  for (const { Name, Unit, StorageResolution } of Metrics) {
    const values = [members[Name]].flat();
    if (values.length < 1 || values.length > 100) return `${Name} has ${values.length} values`;
    for (const value of values) context.putMetric(Name, value, Unit, StorageResolution);
    expected[Name] = plain(members[Name]);
  }
  const written = new LogSerializer().serialize(context);
  if (written.length !== 1) return `AWS's library writes ${written.length} lines of it`;
  const theirs = JSON.parse(written[0]);
  const order = (a, b) => (a.Name < b.Name ? -1 : 1);
  theirs._aws.CloudWatchMetrics[0].Metrics.sort(order);
  const ours = {
    _aws: { Timestamp, CloudWatchMetrics: [{ Namespace, Dimensions, Metrics: [...Metrics].sort(order) }] },
    ...expected,
  };
  return isDeepStrictEqual(ours, theirs) ? "" : `AWS's library writes ${written[0]}`;
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
const verdicts = JSON.parse(text).map((line) => {
  try {
    return judge(line);
  } catch (error) {
    return String(error.message);
  }
});
process.stdout.write(JSON.stringify(verdicts));
