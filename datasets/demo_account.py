"""The demo's AWS account in moto, in this process, filled through boto3.

boto3 refuses a parameter that the API does not have, and moto a reference to something that does not exist; so what the
demo's table says could have been said to ECS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import boto3

from datasets.demo_cluster import CLUSTER
from datasets.demo_services import ON_DEMAND, SERVICES, SPOT, ZONES, DemoInstance, DemoService
from datasets.ecs_documents import ACCOUNT, PAGE, REGION, Document, stable_id


class Account:
    """The account in moto: what was registered and created there, as its describe calls answer."""

    def __init__(self, cluster: Sequence[DemoInstance]) -> None:
        credentials = {"aws_access_key_id": "demo", "aws_secret_access_key": "demo", "region_name": REGION}
        self._ecs: Any = boto3.client("ecs", **credentials)
        self._ec2: Any = boto3.client("ec2", **credentials)
        self._ecs.create_cluster(
            clusterName=CLUSTER, settings=[{"name": "containerInsights", "value": "enabled"}], tags=[]
        )
        self._providers()
        self.instances = self._register_instances(cluster)
        self.definitions = {}
        self.services = {}
        for owner in SERVICES:
            for revision in range(1, max(owner.running) + 1):
                self._ecs.register_task_definition(
                    family=owner.name, tags=[{"key": "team", "value": owner.name}], **owner.definition
                )
                if revision in owner.running:
                    self.definitions[owner.name, revision] = self._ecs.describe_task_definition(
                        taskDefinition=f"{owner.name}:{revision}", include=["TAGS"]
                    )
            if owner.group is None:
                self.services[owner.name] = self._create_service(owner)

    def _providers(self) -> None:
        for name, target in ((ON_DEMAND, 90), (SPOT, 100)):
            self._ecs.create_capacity_provider(
                name=name,
                autoScalingGroupProvider={
                    "autoScalingGroupArn": _auto_scaling_group(name),
                    "managedScaling": {
                        "status": "ENABLED",
                        "targetCapacity": target,
                        "minimumScalingStepSize": 1,
                        "maximumScalingStepSize": 10,
                    },
                    "managedTerminationProtection": "DISABLED",
                },
            )
        self._ecs.put_cluster_capacity_providers(
            cluster=CLUSTER, capacityProviders=[ON_DEMAND, SPOT], defaultCapacityProviderStrategy=[]
        )

    def _register_instances(self, cluster: Sequence[DemoInstance]) -> dict[str, Document]:
        """Start and register the instances; their documents by the names of the demo's table."""
        vpc = self._ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = {
            zone: self._ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for n, zone in enumerate(ZONES)
        }
        self._subnets = list(subnets.values())
        names = {}
        for demo in cluster:
            started = self._ec2.run_instances(
                ImageId="ami-0c9f2d1a7b5e34860",
                MinCount=1,
                MaxCount=1,
                InstanceType=demo.type,
                SubnetId=subnets[demo.zone],
            )["Instances"][0]
            identity = {
                "instanceId": started["InstanceId"],
                "availabilityZone": demo.zone,
                "instanceType": demo.type,
                "imageId": started["ImageId"],
                "region": REGION,
                "accountId": ACCOUNT,
            }
            registered = self._ecs.register_container_instance(
                cluster=CLUSTER, instanceIdentityDocument=json.dumps(identity)
            )["containerInstance"]["containerInstanceArn"]
            self._ecs.put_attributes(
                cluster=CLUSTER,
                attributes=[
                    {
                        "name": name,
                        "value": value,
                        "targetType": "container-instance",
                        "targetId": registered.rsplit("/", 1)[1],
                    }
                    for name, value in demo.attributes.items()
                ],
            )
            if demo.status != "ACTIVE":
                self._ecs.update_container_instances_state(
                    cluster=CLUSTER, containerInstances=[registered], status=demo.status
                )
            names[registered] = demo.name
        return {names[answer["containerInstanceArn"]]: answer for answer in self._described(list(names))}

    def _described(self, arns: Sequence[str]) -> Iterator[Document]:
        """DescribeContainerInstances, page by page."""
        for start in range(0, len(arns), PAGE):
            some = list(arns[start : start + PAGE])
            yield from self._ecs.describe_container_instances(cluster=CLUSTER, containerInstances=some)[
                "containerInstances"
            ]

    def _create_service(self, owner: DemoService) -> Document:
        request = {**owner.request}
        if "networkConfiguration" in request:
            request["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": self._subnets, "securityGroups": []}}
        if request.get("schedulingStrategy") != "DAEMON":
            request["desiredCount"] = owner.desired
        self._ecs.create_service(
            cluster=CLUSTER,
            serviceName=owner.name,
            taskDefinition=f"{owner.name}:{max(owner.running)}",
            **request,
        )
        answer: Document = self._ecs.describe_services(cluster=CLUSTER, services=[owner.name], include=["TAGS"])
        return dict(answer["services"][0])

    def describe_providers(self) -> list[Document]:
        """DescribeCapacityProviders."""
        answer = self._ecs.describe_capacity_providers(capacityProviders=[ON_DEMAND, SPOT])
        return list(answer["capacityProviders"])

    def describe_cluster(self) -> Document:
        """DescribeClusters."""
        answer = self._ecs.describe_clusters(clusters=[CLUSTER], include=["TAGS", "SETTINGS", "STATISTICS"])
        return dict(answer["clusters"][0])


def _auto_scaling_group(name: str) -> str:
    return (
        f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:"
        f"{stable_id('auto-scaling-group', name)}:autoScalingGroupName/{name}"
    )
