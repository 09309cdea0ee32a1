# Streamer's template as a CloudFormation stack of Terraform's: the zips and the template
# under a prefix that changes with them, a table that its actions read and write, the stack.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "bucket" {
  description = "The S3 bucket for the code"
  type        = string
}

variable "dist" {
  description = "The folder that streamer dist --with-template wrote"
  type        = string
  default     = "dist"
}

locals {
  files  = toset(["connect-arm64.zip", "disconnect-arm64.zip", "router-arm64.zip", "processor-arm64.zip", "template.yaml"])
  prefix = "shop/${substr(sha256(join("", [for file in local.files : filesha256("${var.dist}/${file}")])), 0, 12)}/"
}

data "aws_s3_bucket" "code" {
  bucket = var.bucket
}

resource "aws_s3_object" "dist" {
  for_each    = local.files
  bucket      = data.aws_s3_bucket.code.id
  key         = "${local.prefix}${each.key}"
  source      = "${var.dist}/${each.key}"
  source_hash = filesha256("${var.dist}/${each.key}")

  lifecycle {
    create_before_destroy = true # a rollback needs what the stack ran before
  }
}

resource "aws_dynamodb_table" "prices" {
  name         = "shop-prices"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "sku"

  attribute {
    name = "sku"
    type = "S"
  }
}

resource "aws_iam_policy" "prices" {
  name = "shop-prices"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = aws_dynamodb_table.prices.arn }]
  })
}

resource "aws_cloudformation_stack" "streamer" {
  name         = "shop"
  capabilities = ["CAPABILITY_IAM"]
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.dist["template.yaml"].key}"

  parameters = {
    CodeBucket  = data.aws_s3_bucket.code.id
    CodePrefix  = local.prefix
    JwksUrl     = "https://issuer.example/.well-known/jwks.json"
    JwtIssuer   = "https://issuer.example"
    JwtAudience = "shop"
    Environment = jsonencode({ PRICES_TABLE = aws_dynamodb_table.prices.name })
    PolicyArns  = aws_iam_policy.prices.arn
  }

  depends_on = [aws_s3_object.dist]
}

output "websocket_url" {
  value = aws_cloudformation_stack.streamer.outputs["WebSocketUrl"]
}

output "http_url" {
  value = aws_cloudformation_stack.streamer.outputs["HttpUrl"]
}
