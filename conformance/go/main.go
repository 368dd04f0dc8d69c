// The official clients for Go, by environment alone: a JSON line a case.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/logging"
	"cloud.google.com/go/logging/logadmin"
	run "cloud.google.com/go/run/apiv2"
	"cloud.google.com/go/run/apiv2/runpb"
	secretmanager "cloud.google.com/go/secretmanager/apiv1"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/iterator"
)

const (
	parent = "projects/demo"
	region = parent + "/locations/us-central1"
	image  = "us-central1-docker.pkg.dev/demo/apps/app:v1"
)

var ctx = context.Background()

func testCase(group, name string, work func() error) {
	line := map[string]any{"group": group, "name": name, "outcome": "ok"}
	if err := work(); err != nil {
		line["outcome"] = "failed"
		line["why"] = []string{err.Error()}
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func equal(found, wanted any) error {
	if fmt.Sprint(found) != fmt.Sprint(wanted) {
		return fmt.Errorf("%v is not %v", found, wanted)
	}
	return nil
}

func reasonOf(err error) string {
	var api *apierror.APIError
	if errors.As(err, &api) {
		return api.Reason() + " " + api.Metadata()["service"]
	}
	return fmt.Sprint(err)
}

func secrets(door string, client *secretmanager.Client) {
	id := "go-" + door
	name := parent + "/secrets/" + id
	testCase("secretmanager", door+" create", func() error {
		made, err := client.CreateSecret(ctx, &secretmanagerpb.CreateSecretRequest{Parent: parent, SecretId: id, Secret: &secretmanagerpb.Secret{
			Replication: &secretmanagerpb.Replication{Replication: &secretmanagerpb.Replication_Automatic_{Automatic: &secretmanagerpb.Replication_Automatic{}}},
		}})
		if err != nil {
			return err
		}
		return equal(made.Name, "projects/123456789012/secrets/"+id)
	})
	testCase("secretmanager", door+" add and access", func() error {
		if _, err := client.AddSecretVersion(ctx, &secretmanagerpb.AddSecretVersionRequest{Parent: name, Payload: &secretmanagerpb.SecretPayload{Data: []byte("value")}}); err != nil {
			return err
		}
		found, err := client.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: name + "/versions/latest"})
		if err != nil {
			return err
		}
		return equal(string(found.Payload.Data), "value")
	})
	testCase("secretmanager", door+" list", func() error {
		each, err := client.ListSecretVersions(ctx, &secretmanagerpb.ListSecretVersionsRequest{Parent: name}).Next()
		if err != nil {
			return err
		}
		return equal(each.State, "ENABLED")
	})
	testCase("secretmanager", door+" reason and metadata", func() error {
		_, err := client.GetSecret(ctx, &secretmanagerpb.GetSecretRequest{Name: "projects/api-off/secrets/none"})
		return equal(reasonOf(err), "SERVICE_DISABLED secretmanager.googleapis.com")
	})
	testCase("secretmanager", door+" delete", func() error {
		return client.DeleteSecret(ctx, &secretmanagerpb.DeleteSecretRequest{Name: name})
	})
}

func keys(door string, client *kms.KeyManagementClient) {
	ring := region + "/keyRings/go-" + door
	key := ring + "/cryptoKeys/key"
	testCase("kms", door+" create", func() error {
		if _, err := client.CreateKeyRing(ctx, &kmspb.CreateKeyRingRequest{Parent: region, KeyRingId: "go-" + door}); err != nil {
			return err
		}
		made, err := client.CreateCryptoKey(ctx, &kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: "key", CryptoKey: &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ENCRYPT_DECRYPT}})
		if err != nil {
			return err
		}
		return equal(made.Name, key)
	})
	testCase("kms", door+" encrypt and decrypt", func() error {
		sealed, err := client.Encrypt(ctx, &kmspb.EncryptRequest{Name: key, Plaintext: []byte("clear")})
		if err != nil {
			return err
		}
		found, err := client.Decrypt(ctx, &kmspb.DecryptRequest{Name: key, Ciphertext: sealed.Ciphertext})
		if err != nil {
			return err
		}
		return equal(string(found.Plaintext), "clear")
	})
}

func services(door string, client *run.ServicesClient) {
	name := region + "/services/go-" + door
	testCase("run", door+" create", func() error {
		operation, err := client.CreateService(ctx, &runpb.CreateServiceRequest{Parent: region, ServiceId: "go-" + door, Service: &runpb.Service{
			Template: &runpb.RevisionTemplate{Containers: []*runpb.Container{{Image: image}}},
		}})
		if err != nil {
			return err
		}
		made, err := operation.Wait(ctx)
		if err != nil {
			return err
		}
		return equal(made.TerminalCondition.State, "CONDITION_SUCCEEDED")
	})
	testCase("run", door+" delete", func() error {
		operation, err := client.DeleteService(ctx, &runpb.DeleteServiceRequest{Name: name})
		if err != nil {
			return err
		}
		_, err = operation.Wait(ctx)
		return err
	})
}

func logs() {
	testCase("logging", "grpc write and list", func() error {
		client, err := logging.NewClient(ctx, parent)
		if err != nil {
			return err
		}
		if err := client.Logger("go").LogSync(ctx, logging.Entry{Severity: logging.Warning, Payload: map[string]any{"n": 1}}); err != nil {
			return err
		}
		admin, err := logadmin.NewClient(ctx, "demo")
		if err != nil {
			return err
		}
		found, err := admin.Entries(ctx, logadmin.Filter(`logName="projects/demo/logs/go" severity>=WARNING`)).Next()
		if err != nil {
			return err
		}
		return equal(found.Severity, "Warning")
	})
}

func buckets(client *storage.Client) {
	bucket := client.Bucket(fmt.Sprintf("go-%d", time.Now().Unix()))
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	testCase("storage", "rest create", func() error {
		return bucket.Create(ctx, "demo", &storage.BucketAttrs{Location: "us-central1"})
	})
	testCase("storage", "rest write and read", func() error {
		writer := bucket.Object("a/b").NewWriter(ctx)
		if _, err := writer.Write(data); err != nil {
			return err
		}
		if err := writer.Close(); err != nil {
			return err
		}
		reader, err := bucket.Object("a/b").NewRangeReader(ctx, 16, 1600)
		if err != nil {
			return err
		}
		found, err := io.ReadAll(reader)
		if err != nil {
			return err
		}
		return equal(bytes.Equal(found, data[16:1616]), true)
	})
	testCase("storage", "rest list", func() error {
		each, err := bucket.Objects(ctx, nil).Next()
		if err != nil {
			return err
		}
		return equal(each.Name, "a/b")
	})
	testCase("storage", "rest delete", func() error {
		if err := bucket.Object("a/b").Delete(ctx); err != nil {
			return err
		}
		if err := bucket.Delete(ctx); err != nil {
			return err
		}
		_, err := bucket.Objects(ctx, nil).Next()
		if err == nil || errors.Is(err, iterator.Done) {
			return errors.New("the bucket is still there")
		}
		return nil
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	secrets("grpc", must(secretmanager.NewClient(ctx)))
	secrets("rest", must(secretmanager.NewRESTClient(ctx)))
	keys("grpc", must(kms.NewKeyManagementClient(ctx)))
	keys("rest", must(kms.NewKeyManagementRESTClient(ctx)))
	services("grpc", must(run.NewServicesClient(ctx)))
	services("rest", must(run.NewServicesRESTClient(ctx)))
	logs()
	buckets(must(storage.NewClient(ctx)))
}
