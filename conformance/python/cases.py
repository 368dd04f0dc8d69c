"""The official Python clients, by environment alone: a JSON line a case."""

import json
import sys
import time

from google.api_core import exceptions
from google.cloud import kms, run_v2, secretmanager, storage
from google.cloud import logging as cloud_logging

PARENT = "projects/demo"
REGION = f"{PARENT}/locations/us-central1"
IMAGE = "us-central1-docker.pkg.dev/demo/apps/app:v1"


def case(group, name, work):
    why = None
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever a client throws is told
        why = [f"{type(error).__name__}: {error}"[:300]]
    line = {"group": group, "name": name, "outcome": "ok" if why is None else "failed"}
    print(json.dumps({**line, **({} if why is None else {"why": why})}), flush=True)


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def refused(error, work):
    try:
        work()
    except error as thrown:
        return thrown
    raise AssertionError(f"it was not refused with {error.__name__}")


def secrets(transport):
    client = secretmanager.SecretManagerServiceClient(transport=transport)
    name = f"{PARENT}/secrets/python-{transport}"

    def create():
        secret = {"replication": {"automatic": {}}}
        made = client.create_secret(parent=PARENT, secret_id=f"python-{transport}", secret=secret)
        equal(made.name, name.replace("demo", "123456789012"))
        refused(exceptions.Conflict, lambda: client.create_secret(parent=PARENT, secret_id=f"python-{transport}", secret=secret))

    def access():
        client.add_secret_version(parent=name, payload={"data": b"value"})
        equal(client.access_secret_version(name=f"{name}/versions/latest").payload.data, b"value")

    def listed():
        equal([each.state.name for each in client.list_secret_versions(parent=name)], ["ENABLED"])

    def update():
        secret = {"name": name, "labels": {"made": "by-python"}}
        equal(dict(client.update_secret(secret=secret, update_mask={"paths": ["labels"]}).labels), {"made": "by-python"})

    def disabled():
        client.disable_secret_version(name=f"{name}/versions/1")
        refused(exceptions.BadRequest, lambda: client.access_secret_version(name=f"{name}/versions/latest"))

    def policy():
        bindings = [{"role": "roles/secretmanager.viewer", "members": ["user:you@local.aloft"]}]
        client.set_iam_policy(request={"resource": name, "policy": {"bindings": bindings}})
        equal(client.get_iam_policy(request={"resource": name}).bindings[0].role, "roles/secretmanager.viewer")

    def reason():
        thrown = refused(exceptions.Forbidden, lambda: client.get_secret(name="projects/api-off/secrets/none"))
        equal([thrown.reason, thrown.metadata["service"]], ["SERVICE_DISABLED", "secretmanager.googleapis.com"])

    def delete():
        client.delete_secret(name=name)
        refused(exceptions.NotFound, lambda: client.get_secret(name=name))

    for work in (create, access, listed, update, disabled, policy, reason, delete):
        case("secretmanager", f"{transport} {work.__name__}", work)


def keys(transport):
    client = kms.KeyManagementServiceClient(transport=transport)
    ring = f"{REGION}/keyRings/python-{transport}"
    key = f"{ring}/cryptoKeys/key"

    def create():
        client.create_key_ring(parent=REGION, key_ring_id=f"python-{transport}", key_ring={})
        made = client.create_crypto_key(parent=ring, crypto_key_id="key", crypto_key={"purpose": "ENCRYPT_DECRYPT"})
        equal(made.primary.state.name, "ENABLED")

    def encrypt_and_decrypt():
        sealed = client.encrypt(request={"name": key, "plaintext": b"clear", "additional_authenticated_data": b"a"})
        request = {"name": key, "ciphertext": sealed.ciphertext, "additional_authenticated_data": b"a"}
        equal(client.decrypt(request=request).plaintext, b"clear")
        request["additional_authenticated_data"] = b"b"
        refused(exceptions.BadRequest, lambda: client.decrypt(request=request))

    def listed():
        equal([each.name for each in client.list_crypto_keys(parent=ring)], [key])

    for work in (create, encrypt_and_decrypt, listed):
        case("kms", f"{transport} {work.__name__}", work)


def services(transport):
    client = run_v2.ServicesClient(transport=transport)
    name = f"{REGION}/services/python-{transport}"

    def create():
        service = {"template": {"containers": [{"image": IMAGE}]}}
        operation = client.create_service(parent=REGION, service_id=f"python-{transport}", service=service)
        made = operation.result(timeout=60)
        equal([made.name, made.terminal_condition.state.name], [name, "CONDITION_SUCCEEDED"])

    def listed():
        equal(name in [each.name for each in client.list_services(parent=REGION)], True)

    def delete():
        client.delete_service(name=name).result(timeout=60)
        refused(exceptions.NotFound, lambda: client.get_service(name=name))

    for work in (create, listed, delete):
        case("run", f"{transport} {work.__name__}", work)


def logs(use_grpc):
    door = "grpc" if use_grpc else "rest"
    client = cloud_logging.Client(project="demo", _use_grpc=use_grpc)
    logger = client.logger(f"python-{door}")

    def write_and_list():
        logger.log_struct({"n": 1}, severity="WARNING", labels={"by": "python"})
        logger.log_text("plain")
        found = list(client.list_entries(filter_=f'logName="{PARENT}/logs/python-{door}"'))
        # The first write of a process adds an entry about the library itself.
        own = [each for each in found if "logging.googleapis.com/diagnostic" not in each.payload]
        equal([each.payload for each in own], [{"n": 1}, "plain"])
        equal([own[0].severity, own[0].labels["by"]], ["WARNING", "python"])

    def delete():
        logger.delete()
        equal(list(client.list_entries(filter_=f'logName="{PARENT}/logs/python-{door}"')), [])

    for work in (write_and_list, delete):
        case("logging", f"{door} {work.__name__}", work)


def buckets():
    client = storage.Client(project="demo")
    bucket = client.bucket(f"python-{int(time.time())}")

    def create():
        equal(client.create_bucket(bucket, location="us-central1").location, "US-CENTRAL1")
        refused(exceptions.Conflict, lambda: client.create_bucket(bucket))

    def upload_and_download():
        blob = bucket.blob("a/b.txt")
        blob.metadata = {"by": "python"}
        blob.upload_from_string("hello", content_type="text/plain")
        equal(blob.download_as_bytes(), b"hello")
        equal(bucket.get_blob("a/b.txt").metadata, {"by": "python"})

    def resumable():
        blob = bucket.blob("large", chunk_size=256 * 1024)
        data = bytes(range(256)) * 4096
        with blob.open("wb") as file:
            file.write(data)
        equal(blob.download_as_bytes(start=10, end=19), data[10:20])

    def precondition():
        blob = bucket.blob("a/b.txt")
        refused(exceptions.PreconditionFailed, lambda: blob.upload_from_string("x", if_generation_match=0))

    def listed():
        equal([each.name for each in client.list_blobs(bucket)], ["a/b.txt", "large"])

    def delete():
        bucket.delete(force=True)
        refused(exceptions.NotFound, lambda: client.get_bucket(bucket.name))

    for work in (create, upload_and_download, resumable, precondition, listed, delete):
        case("storage", f"rest {work.__name__}", work)


for each in ("grpc", "rest"):
    secrets(each)
    keys(each)
    services(each)
logs(True)
logs(False)
buckets()
sys.exit(0)
