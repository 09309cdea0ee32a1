// Simulates IAM. Reads a JSON list of requests {policies, action, resource, context?} from
// standard input, and prints the list of what a role with those policies gets: "Allowed",
// "ImplicitlyDenied", "ExplicitlyDenied", or what is wrong with the request.

import { text } from "node:stream/consumers";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const accountId = "123456789012";

async function simulate({ policies, action, resource, context = {} }) {
  const simulation = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${accountId}:role/role`,
        action,
        resource: { resource, accountId },
        contextVariables: context,
      },
      identityPolicies: policies.map((policy, i) => ({ name: `policy${i}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  return simulation.overallResult ?? JSON.stringify(simulation);
}

const requests = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await Promise.all(requests.map(simulate))));
