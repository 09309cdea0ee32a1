#!/usr/bin/env bash
# A metric that has the name of a dimension takes the dimension's place. A line of CloudWatch's
# embedded metric format has dimensions and metrics as members of one object, so that the two
# cannot share a name. aws-embedded-metrics, AWS's own library, takes both without a word and
# writes the metric's number where the dimension's value belongs; with the name of a property
# the property is lost. The format wants a text for a dimension, and the program that counts
# is told nothing.
#
# Seen with aws-embedded-metrics@4.2.1 on Node.js 20: the dimension Region "eu-west-1" and the
# metric Region 3 are written as "Region":3, with Dimensions [["Region"]].
#
# What the product does: lift/metric refuses a name that the line has already, and Flush says so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module","private":true}' >package.json
npm install --silent --no-audit --no-fund aws-embedded-metrics@4.2.1
cat >clash.mjs <<'JS'
import { MetricsContext } from "aws-embedded-metrics/lib/logger/MetricsContext.js";
import { LogSerializer } from "aws-embedded-metrics/lib/serializers/LogSerializer.js";

const context = MetricsContext.empty();
context.setNamespace("Shop");
context.setDimensions([{ Region: "eu-west-1" }]);
context.setProperty("order", "o-7");
context.putMetric("Region", 3, "Count");
context.putMetric("order", 1, "Count");
const [line] = new LogSerializer().serialize(context);
console.log(line);
const { _aws, Region, order } = JSON.parse(line);
const dimensions = JSON.stringify(_aws.CloudWatchMetrics[0].Dimensions);
if (Region !== 3 || order !== 1 || dimensions !== '[["Region"]]') {
  console.error("another line than before: this finding is out of date");
  process.exit(1);
}
JS
node clash.mjs
