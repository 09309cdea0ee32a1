"""boto3 against a staging stack, with the variables that the stack prints and no others.

Versions before 1.28 pass over AWS_ENDPOINT_URL_*, so the endpoints are given by hand.
"""
import base64
import collections
import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service, **config):
    name = service.upper().replace("-", "")
    return boto3.client(service, endpoint_url=os.environ[f"AWS_ENDPOINT_URL_{name}"], config=Config(**config))


def equal(what, got, want):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, want {want!r}")


def refused(what, error, call, **arguments):
    """The call fails with the class of error that the client knows, or the code of one."""
    try:
        answer = call(**arguments)
    except ClientError as fault:
        if isinstance(error, str):
            equal(what, fault.response["Error"]["Code"], error)
        elif not isinstance(fault, error):
            raise SystemExit(f"{what}: got {fault!r}, want {error.__name__}") from fault
        return fault
    raise SystemExit(f"{what}: got {answer!r}, want a failure with {error}")


def database():
    dynamodb = client("dynamodb")
    table = boto3.resource("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"]).Table("streamer-RequestsTable")
    with table.batch_writer() as writer:
        for n in range(60):
            writer.put_item({"pk": "boto3", "id": f"{n:03}", "n": n, "pad": "x" * 1000})
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table.name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "boto3"}},
        PaginationConfig={"PageSize": 7},
    )
    ids = [[item["id"]["S"] for item in page["Items"]] for page in pages]
    equal("pages of a query", [len(page) for page in ids if page], [7] * 8 + [4])
    equal("items of a query", sum(ids, []), [f"{n:03}" for n in range(60)])
    scanned = dynamodb.get_paginator("scan").paginate(TableName=table.name, PaginationConfig={"PageSize": 25})
    mine = [item for page in scanned for item in page["Items"] if item["pk"]["S"] == "boto3"]  # the CLI has left some, too
    equal("items of a scan", len(mine), 60)

    key = {"pk": "boto3", "id": "000"}
    refused(
        "an update whose condition does not hold",
        dynamodb.exceptions.ConditionalCheckFailedException,
        table.update_item,
        Key=key,
        UpdateExpression="SET n = :n",
        ConditionExpression="n = :n",
        ExpressionAttributeValues={":n": 7},
    )
    put = {"TableName": table.name, "Item": {"pk": {"S": "boto3"}, "id": {"S": "new"}}}
    taken = {"TableName": table.name, "Item": {"pk": {"S": "boto3"}, "id": {"S": "000"}}, "ConditionExpression": "attribute_not_exists(id)"}
    fault = refused(
        "a transaction",
        dynamodb.exceptions.TransactionCanceledException,
        dynamodb.transact_write_items,
        TransactItems=[{"Put": put}, {"Put": taken}],
    )
    equal("its reasons", [reason["Code"] for reason in fault.response["CancellationReasons"]], ["None", "ConditionalCheckFailed"])
    equal("nothing of it is written", "Item" in table.get_item(Key={"pk": "boto3", "id": "new"}), False)
    refused(
        "another table",
        dynamodb.exceptions.ResourceNotFoundException,
        dynamodb.get_item,
        TableName="none",
        Key={"id": {"S": "a"}},
    )


def queue():
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="streamer-DeadLetters")["QueueUrl"]
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}, "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"}}
    # The client compares the checksums of body and attributes.
    sqs.send_message(QueueUrl=url, MessageBody="größer <&>", MessageAttributes=attributes, MessageGroupId="g")
    batch = sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(n), "DelaySeconds": 0} for n in range(9)]
    )
    equal("a batch", [entry["Id"] for entry in batch["Successful"]], [str(n) for n in range(9)])
    received = {}
    while len(received) < 10:
        for m in sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"], MessageAttributeNames=["All"]
        )["Messages"]:
            received[m["Body"]] = m
    first = received["größer <&>"]
    equal("attributes", first["MessageAttributes"], attributes)
    equal("the group", first["Attributes"]["MessageGroupId"], "g")
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    again = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"], WaitTimeSeconds=1)["Messages"]
    equal("delivered again", [(m["Body"], m["Attributes"]) for m in again], [("größer <&>", {"ApproximateReceiveCount": "2"})])
    received["größer <&>"] = again[0]
    bodies = sorted(received)
    gone = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "ReceiptHandle": received[body]["ReceiptHandle"]} for n, body in enumerate(bodies)]
    )
    equal("deleted", len(gone["Successful"]), 10)
    left = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    equal("left", sorted(left.values()), ["0", "0"])
    refused("another queue", sqs.exceptions.QueueDoesNotExist, sqs.get_queue_url, QueueName="none")
    eleven = [{"Id": str(n), "MessageBody": "m"} for n in range(11)]
    refused("too many", sqs.exceptions.TooManyEntriesInBatchRequest, sqs.send_message_batch, QueueUrl=url, Entries=eleven)


def parameters():
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(
        Path="/shop", WithDecryption=True, PaginationConfig={"PageSize": 2}
    )
    equal("parameters", [[p["Name"] for p in page["Parameters"]] for page in pages], [["/shop/A", "/shop/API_KEY"], ["/shop/B"]])


def functions():
    functions = client("lambda")
    name = "streamer-router"
    answer = functions.invoke(
        FunctionName=name,
        Qualifier="live",
        LogType="Tail",
        Payload=os.environ["REQUEST"],
        ClientContext=base64.b64encode(b'{"custom": {"tier": "gold"}}').decode(),
    )
    equal("status, version", (answer["StatusCode"], answer["ExecutedVersion"]), (200, "1"))
    equal("no error", "FunctionError" in answer, False)
    equal("the answer's status", json.load(answer["Payload"])["statusCode"], 401)
    log = base64.b64decode(answer["LogResult"]).decode()
    request = answer["ResponseMetadata"]["RequestId"]
    lines = [json.loads(line) for line in log.splitlines()]
    equal("the log's first line", lines[0]["record"], {"requestId": request, "version": "1"})
    equal("the log's last line", (lines[-1]["type"], lines[-1]["record"]["status"]), ("platform.report", "success"))
    equal("the function's id", {line["invocation_id"] for line in lines if "invocation_id" in line}, {request})

    failed = functions.invoke(FunctionName=name, Payload=b"{}")
    equal("an error of the function", (failed["StatusCode"], failed["FunctionError"]), (200, "Unhandled"))
    equal("later", functions.invoke(FunctionName=name, InvocationType="Event", Payload=os.environ["REQUEST"])["StatusCode"], 202)
    equal("not at all", functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"], 204)
    refused("another version", functions.exceptions.ResourceNotFoundException, functions.invoke, FunctionName=name, Qualifier="99")
    refused("not JSON", functions.exceptions.InvalidRequestContentException, functions.invoke, FunctionName=name, Payload=b"{")
    # The class of the reference, RequestTooLargeException, is not what comes: see emulator/lambda.
    long = json.dumps("x" * (1 << 20))
    refused("too long", "RequestEntityTooLargeException", functions.invoke, FunctionName=name, InvocationType="Event", Payload=long)


def connections():
    """The client's side is in the test: it reads what is posted, and sees the close."""
    api = client("apigatewaymanagementapi")
    connection = client("dynamodb").scan(
        TableName="streamer-ConnectionsTable",
        FilterExpression="tenant = :tenant",
        ExpressionAttributeValues={":tenant": {"S": "acme"}},
    )["Items"][0]["id"]["S"]
    about = api.get_connection(ConnectionId=connection)
    equal("the source", about["Identity"]["SourceIp"], "127.0.0.1")
    equal("since", 0 <= time.time() - about["ConnectedAt"].timestamp() < 600, True)
    api.post_to_connection(ConnectionId=connection, Data="from boto3".encode())
    api.delete_connection(ConnectionId=connection)
    refused("a connection that is gone", api.exceptions.GoneException, api.post_to_connection, ConnectionId=connection, Data=b"late")
    long = b"x" * (128 * 1024 + 1)
    refused("too long", api.exceptions.PayloadTooLargeException, api.post_to_connection, ConnectionId=connection, Data=long)


def retries():
    """A call that is throttled twice is signed again and taken; a fault of the caller's is not tried again."""
    attempts = collections.Counter()

    def count(request, **_):
        attempts[request.url] += 1

    ssm = client("ssm", retries={"mode": "standard", "total_max_attempts": 3}, user_agent_extra="throttled")
    ssm.meta.events.register("before-send.ssm.*", count)
    answer = ssm.get_parameters_by_path(Path="/shop")
    equal("what comes at last", len(answer["Parameters"]), 3)
    equal("attempts", (sum(attempts.values()), answer["ResponseMetadata"]["RetryAttempts"]), (3, 2))

    attempts.clear()
    sqs = client("sqs", retries={"mode": "standard", "total_max_attempts": 3})
    sqs.meta.events.register("before-send.sqs.*", count)
    refused("a fault of the caller", sqs.exceptions.QueueDoesNotExist, sqs.get_queue_url, QueueName="none")
    equal("its attempts", sum(attempts.values()), 1)


for check in (database, queue, parameters, functions, connections, retries):
    check()
    print("ok", check.__name__)
print("boto3", boto3.__version__)
