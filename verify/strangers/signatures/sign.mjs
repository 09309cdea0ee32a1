// Signs the calls that come as JSON on the standard input by two libraries, and prints what
// each puts into the Authorization header.
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import aws4 from "aws4";

let text = "";
for await (const chunk of process.stdin) text += chunk;

const answers = [];
for (const call of JSON.parse(text)) {
  const { method, url, service, region, headers, body, id, secret, session } = call;
  const { protocol, hostname, port, host, pathname, search, searchParams } = new URL(url);
  const at = headers["X-Amz-Date"].replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5");

  const query = {};
  for (const [name, value] of searchParams) query[name] = name in query ? [query[name], value].flat() : value;
  const smithy = new SignatureV4({
    service,
    region,
    sha256: Sha256,
    applyChecksum: false,
    credentials: { accessKeyId: id, secretAccessKey: secret, ...(session && { sessionToken: session }) },
  });
  const signed = await smithy.sign(
    { method, protocol, hostname, port: Number(port) || undefined, path: pathname, query, headers: { ...headers, host }, body },
    { signingDate: new Date(at) },
  );

  const options = { method, service, region, host, path: pathname + search, headers: { ...headers, Host: host }, body };
  options.extraHeadersToIgnore = { "content-length": true };
  aws4.sign(options, { accessKeyId: id, secretAccessKey: secret, ...(session && { sessionToken: session }) });
  answers.push({ smithy: signed.headers.authorization, aws4: options.headers.Authorization });
}
console.log(JSON.stringify(answers));
