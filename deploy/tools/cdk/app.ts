// Streamer's template in a CDK app: the four zips of `streamer dist` as assets, the
// parameters, and a table of your own that the processor may read and write.
import { App, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { AttributeType, Billing, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { type CfnRole, Role } from "aws-cdk-lib/aws-iam";
import type { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import type { Construct } from "constructs";
import { join } from "node:path";

interface ShopProps extends StackProps {
  readonly dist: string; // what `streamer dist --with-template` wrote
  readonly architecture: "arm64" | "amd64";
  readonly parameters: Record<string, string>; // of the template, but for CodeBucket and CodePrefix
}

class Shop extends Stack {
  constructor(scope: Construct, id: string, props: ShopProps) {
    super(scope, id, props);

    const zip = (name: string) =>
      new Asset(this, `${name}Zip`, { path: join(props.dist, `${name}-${props.architecture}.zip`) });
    const zips = { Connect: zip("connect"), Disconnect: zip("disconnect"), Router: zip("router"), Processor: zip("processor") };

    const prices = new TableV2(this, "Prices", {
      partitionKey: { name: "sku", type: AttributeType.STRING },
      billing: Billing.onDemand(),
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const streamer = new CfnInclude(this, "Streamer", {
      templateFile: join(props.dist, "template.yaml"),
      parameters: {
        ...props.parameters,
        Architecture: props.architecture,
        CodeBucket: zips.Router.s3BucketName,
        Environment: this.toJsonString({ PRICES_TABLE: prices.tableName }),
      },
    });
    for (const [name, asset] of Object.entries(zips)) {
      const fn = streamer.getResource(`${name}Function`) as CfnFunction;
      fn.code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
    }

    const role = streamer.getResource("ProcessorRole") as CfnRole;
    prices.grantReadWriteData(Role.fromRoleArn(this, "Processor", role.attrArn));
  }
}

const app = new App();
new Shop(app, "shop", {
  dist: app.node.tryGetContext("dist") ?? "dist",
  architecture: "arm64",
  parameters: {
    JwksUrl: "https://issuer.example/.well-known/jwks.json",
    JwtIssuer: "https://issuer.example",
    JwtAudience: "shop",
  },
});
