// The scheduler of ../scheduler.py in JavaScript: it knows the service by its protos alone.
//
//   npm install --prefix examples/node
//   node examples/node/scheduler.js localhost:50051 [--ca ca.pem --token-file token]

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const NAME = "example";
const ARN = "arn:aws:ecs:us-east-1:111122223333";
const EXAMPLES = dirname(dirname(fileURLToPath(import.meta.url)));
const PROTOS = join(dirname(EXAMPLES), "protos");

const definition = loadSync(["solver/v1/cluster_service.proto", "solver/v1/placement_service.proto"], {
  includeDirs: [PROTOS],
  longs: Number,
  enums: String,
  defaults: true,
});
const { ClusterService, PlacementService } = grpc.loadPackageDefinition(definition).solver.v1;

/** Calls a method, and gives its answer. */
function call(client, method, request) {
  return new Promise((resolve, reject) =>
    client[method](request, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

/** Brings two services to their number of tasks, one after the other. */
async function main(address, credentials) {
  const clusters = new ClusterService(address, credentials);
  const placing = new PlacementService(address, credentials);
  const folder = join(EXAMPLES, "documents");
  const documents = readdirSync(folder).map((file) => ({ file, content: readFileSync(join(folder, file)) }));
  const put = await call(clusters, "PutEcsDocuments", { name: NAME, documents });
  const { state } = await call(clusters, "GetCluster", { name: NAME });
  console.log(`the cluster has ${state.cluster.instances.length} instances`);

  const told = [];
  const events = clusters.WatchPlacements({ name: NAME });
  const failed = new Promise((resolve, reject) => {
    events.on("data", ({ event }) => {
      const { eventType, eventName, group } = JSON.parse(event).detail;
      told.push(`${eventType} ${eventName} ${group ?? ""}`.trim());
      if (eventName === "SERVICE_TASK_PLACEMENT_FAILURE") resolve();
    });
    events.on("error", (error) => (error.code === grpc.status.CANCELLED ? resolve() : reject(error)));
  });

  for (const [service, desired] of [["web", 4], ["batch", 5]]) {
    const group = state.groups.find((one) => one.name === `service:${service}`);
    await schedule(clusters, placing, group, desired);
  }
  const kept = await call(clusters, "GetCluster", { name: NAME });
  console.log(`${kept.state.tasks.length} tasks run, ${kept.reservations.length} reservations are open`);
  console.log(`the version has risen: ${kept.version > put.version}`);
  await failed;
  events.cancel();
  told.forEach((event) => console.log(event));
  clusters.close();
  placing.close();
}

/** Asks for a plan until one could be committed, then has its tasks start. */
async function schedule(clusters, placing, group, desired) {
  const request = {
    clusterName: NAME,
    groups: [{ ...group, start: desired }],
    limits: { timeLimitSeconds: 5 },
  };
  for (;;) {
    const { response } = await call(placing, "Reconcile", { request });
    try {
      await call(clusters, "Commit", { name: NAME, version: response.clusterVersion, actions: response.actions });
    } catch (error) {
      // Another scheduler was first: the plan is for a cluster that is no longer so.
      if (error.code !== grpc.status.ABORTED) throw error;
      continue;
    }
    const placed = response.actions.reduce((sum, action) => sum + action.count, 0);
    console.log(`${group.name}: ${placed} of ${desired} placed`);
    for (const short of response.shortfalls) {
      console.log(`${short.group}: ${short.wanted - short.placed} have no place`);
    }
    const started = response.actions.flatMap((action) => eventsOf(group, action));
    await call(clusters, "ApplyEcsEvents", { name: NAME, events: started });
    return;
  }
}

/** What ECS would report: each task runs, under an ARN that ECS gives it. */
function eventsOf(group, action) {
  return Array.from({ length: action.count }, (_, n) => {
    const detail = {
      taskArn: `${ARN}:task/example/${group.name.split(":")[1]}-${action.instance.split("/").pop()}-${n}`,
      clusterArn: `${ARN}:cluster/example`,
      containerInstanceArn: action.instance,
      taskDefinitionArn: group.taskDefinition,
      group: group.family,
      desiredStatus: "RUNNING",
      lastStatus: "RUNNING",
      version: 1,
    };
    return Buffer.from(JSON.stringify({ "detail-type": "ECS Task State Change", source: "aws.ecs", detail }));
  });
}

/** Encrypted where there is an authority to trust, with a token where there is one. */
function credentialsOf({ ca, "token-file": tokenFile }) {
  if (!ca) return grpc.credentials.createInsecure();
  const encrypted = grpc.credentials.createSsl(readFileSync(ca));
  if (!tokenFile) return encrypted;
  const token = readFileSync(tokenFile, "utf8").trim();
  const perCall = grpc.credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    done(null, metadata);
  });
  return grpc.credentials.combineChannelCredentials(encrypted, perCall);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ca: { type: "string" }, "token-file": { type: "string" } },
});
await main(positionals[0], credentialsOf(values));
