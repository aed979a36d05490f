"""What EC2 sells in a region: answers in pages joined by name, and what is left out named.

The answers are held against the API's own model by botocore's Stubber, or come from moto's EC2; moto has no price list.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from solver.aws import SoldType, sold_types
from solver.capacity import Catalogue, InstanceType, read_catalogue, save_catalogue
from solver.cli.app import app
from solver.errors import InvalidRequest, SourceUnavailable
from tests.aws.products import PriceList, product, served


def described(name: str, architectures: tuple[str, ...] = ("x86_64",), **more: Any) -> dict[str, Any]:
    """A type as DescribeInstanceTypes tells it."""
    return {
        "InstanceType": name,
        "VCpuInfo": {"DefaultVCpus": 2},
        "MemoryInfo": {"SizeInMiB": 8192},
        "NetworkInfo": {"MaximumNetworkInterfaces": 3},
        "ProcessorInfo": {"SupportedArchitectures": list(architectures)},
        **more,
    }


def offering(name: str, zone: str) -> dict[str, str]:
    return {"InstanceType": name, "LocationType": "availability-zone", "Location": zone}


class Clients:
    """Clients of boto3 whose answers are written down in advance, and checked against the API's model."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self.ec2 = boto3.client("ec2", region_name=region)
        self.pricing = boto3.client("pricing", region_name="us-east-1")
        self.of_ec2, self.of_pricing = Stubber(self.ec2), Stubber(self.pricing)

    def types(self, *pages: list[dict[str, Any]]) -> None:
        self._pages(self.of_ec2, "describe_instance_types", "InstanceTypes", {"MaxResults": 100}, pages)

    def offerings(self, *pages: list[dict[str, str]]) -> None:
        asked = {"MaxResults": 1_000, "LocationType": "availability-zone"}
        self._pages(self.of_ec2, "describe_instance_type_offerings", "InstanceTypeOfferings", asked, pages)

    def products(self, *pages: list[str]) -> None:
        fields = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
        filters = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value}
            for name, value in {**fields, "regionCode": self.region}.items()
        ]
        asked = {"MaxResults": 100, "ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "Filters": filters}
        self._pages(self.of_pricing, "get_products", "PriceList", asked, pages)

    @staticmethod
    def _pages(stub: Stubber, operation: str, member: str, asked: dict[str, Any], pages: tuple[Any, ...]) -> None:
        for n, page in enumerate(pages):
            token = {"NextToken": f"page {n}"} if n else {}
            more = {"NextToken": f"page {n + 1}"} if n + 1 < len(pages) else {}
            stub.add_response(operation, {member: page, **more}, {**asked, **token})

    def sold(self, region: str | None = None) -> tuple[tuple[SoldType, ...], tuple[str, ...]]:
        """The answer; every call that was written down has been made."""
        with self.stubbed():
            found = sold_types(region, ec2=self.ec2, pricing=self.pricing)
        self.of_ec2.assert_no_pending_responses()
        self.of_pricing.assert_no_pending_responses()
        return found

    @contextmanager
    def stubbed(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(self.of_ec2)
            stack.enter_context(self.of_pricing)
            yield


def test_pages_are_followed_and_joined_by_name() -> None:
    """Every page of the three calls is read; a type has the zones and the price of its name."""
    clients = Clients()
    clients.types([described("m5.large")], [described("c7g.large", ("arm64",))])
    clients.offerings(
        [offering("m5.large", "us-east-1b")],
        [offering("m5.large", "us-east-1a")],
        [offering("c7g.large", "us-east-1c")],
    )
    clients.products([product("c7g.large", "0.0725000000")], [product("m5.large", "0.0960000000")])
    assert clients.sold() == (
        (
            SoldType("c7g.large", 2, 8192, 0, 3, "arm64", ("us-east-1c",), Decimal("0.0725")),
            SoldType("m5.large", 2, 8192, 0, 3, "x86_64", ("us-east-1a", "us-east-1b"), Decimal("0.096")),
        ),
        (),
    )


def test_what_cannot_be_bought_is_left_out_by_name() -> None:
    """Without a price, a zone, an architecture of ECS or an amount; ten names, then how many more."""
    clients = Clients()
    unpriced = [described(f"p5.{n}xlarge") for n in range(10, 22)]
    clients.types(
        [
            described("m5.large"),
            described("m9.large"),
            described("mac2.metal", ("arm64_mac",)),
            described("odd.large", NetworkInfo={}),
            *unpriced,
        ]
    )
    names = ["m5.large", "mac2.metal", "odd.large", *(one["InstanceType"] for one in unpriced)]
    clients.offerings([offering(name, "us-east-1a") for name in names])
    clients.products([product(name, "0.1") for name in ("m5.large", "m9.large", "mac2.metal", "odd.large")])
    types, warnings = clients.sold()
    assert [one.name for one in types] == ["m5.large"]
    first = ", ".join(f"p5.{n}xlarge" for n in range(10, 20))
    assert set(warnings) == {
        "us-east-1: left out, no zone that offers it: m9.large",
        "us-east-1: left out, no architecture that ECS runs on: mac2.metal",
        "us-east-1: left out, no processors, memory or network interfaces told: odd.large",
        f"us-east-1: left out, no price on demand for Linux: {first} and 2 more",
    }


def test_devices_are_counted_as_the_system_sees_them() -> None:
    """Several models add up; of parts of a device, the parts count."""
    clients = Clients()
    whole = {"Gpus": [{"Name": "T4", "Count": 4}, {"Name": "V100", "Count": 1}]}
    part = {"Gpus": [{"Name": "L4", "Count": 1, "LogicalGpuCount": 2, "GpuPartitionSize": 0.5}]}
    clients.types([described("g4dn.12xlarge", GpuInfo=whole), described("g6f.large", GpuInfo=part)])
    clients.offerings([offering(name, "us-east-1a") for name in ("g4dn.12xlarge", "g6f.large")])
    clients.products([product("g4dn.12xlarge", "3.912"), product("g6f.large", "0.2")])
    assert [one.devices for one in clients.sold()[0]] == [5, 2]


def test_only_the_hour_on_demand_in_the_region_counts() -> None:
    """No local zone, no reservation, no fee, no price of 0; of two prices the dearest, with a warning."""
    clients = Clients()
    clients.types([described("a.large"), described("b.large")])
    clients.offerings([offering("a.large", "us-east-1a"), offering("b.large", "us-east-1a")])
    clients.products(
        [
            product("a.large", "0.5", locationType="AWS Local Zone"),
            product("a.large", "0.4", marketoption="CapacityBlock"),
            product("a.large", "0.3", unit="Quantity"),
            product("a.large", "0.0000000000"),
            product("a.large", "0.1"),
            product("b.large", "0.2"),
            product("b.large", "0.25"),
        ]
    )
    types, warnings = clients.sold()
    assert [one.price for one in types] == [Decimal("0.1"), Decimal("0.25")]
    assert warnings == ("us-east-1: several prices, of which the dearest counts: b.large",)


def test_china_has_a_currency_of_its_own() -> None:
    """Its price list counts in yuan."""
    clients = Clients("cn-north-1")
    clients.types([described("m5.large")])
    clients.offerings([offering("m5.large", "cn-north-1a")])
    clients.products([product("m5.large", "0.7", "CNY", regionCode="cn-north-1")])
    assert clients.sold()[0][0].price == Decimal("0.7")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("RequestLimitExceeded", "asked 10 times, try again later"),
        ("UnauthorizedOperation", "allow ec2:DescribeInstanceTypes, ec2:DescribeInstanceTypeOfferings and pricing"),
        ("InternalError", "describe_instance_types: InternalError: not now"),
    ],
)
def test_a_refusal_says_what_to_do(code: str, said: str) -> None:
    """The call, the service's own words, and what would help."""
    clients = Clients()
    clients.of_ec2.add_client_error("describe_instance_types", code, "not now", 400)
    with pytest.raises(SourceUnavailable, match=f"{code}: not now") as refused:
        clients.sold()
    assert said in str(refused.value)


def test_a_throttled_price_list_is_told() -> None:
    """Its throttling has another name than that of EC2."""
    clients = Clients()
    clients.types([described("m5.large")])
    clients.offerings([offering("m5.large", "us-east-1a")])
    clients.of_pricing.add_client_error("get_products", "ThrottlingException", "slow down", 400)
    with pytest.raises(SourceUnavailable, match="get_products: ThrottlingException: slow down; asked 10 times"):
        clients.sold()


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"product": {"attributes": []}}'])
def test_what_is_no_product_is_an_error(text: str) -> None:
    """A price that cannot be read is not passed over in silence."""
    clients = Clients()
    clients.types([described("m5.large")])
    clients.offerings([offering("m5.large", "us-east-1a")])
    clients.products([text])
    with pytest.raises(SourceUnavailable, match="get_products: answered with what is no product"):
        clients.sold()


def test_without_credentials_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    boto3.setup_default_session()
    try:
        with pytest.raises(SourceUnavailable, match="Unable to locate credentials; set AWS_PROFILE"):
            sold_types("us-east-1")
    finally:
        monkeypatch.undo()
        boto3.setup_default_session()


def test_without_a_network_the_error_names_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 answers nobody."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable, match=r'describe_instance_types: .*"http://127.0.0.1:9'):
        sold_types("us-east-1")


def test_without_a_region_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is of the environment where it is not said."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SourceUnavailable, match="no connection to EC2: You must specify a region"):
        sold_types()


SIZES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "9xlarge": 36}
PER_PROCESSOR = {"c5": 0.0425, "m5": 0.048}


@pytest.fixture
def prices(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceList]:
    """moto's EC2, and a price list with some types in pages of three, as the environment names them."""
    listed = PriceList([], 3)
    for size, processors in SIZES.items():
        for family, price in PER_PROCESSOR.items():
            name = f"{family}.{size}"
            listed.products += [
                product(name, f"{processors * price:.10f}"),
                product(name, "9.9900000000", operatingSystem="Windows"),
                product(name, "8.8800000000", regionCode="eu-west-1"),
            ]
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", endpoint)
    with served(listed) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", address)
        yield listed


def test_the_command_asks_aws_and_keeps_what_it_found(prices: PriceList, tmp_path: Path) -> None:
    """moto's types and zones with the prices of the list; the saved file gives the same mix."""
    (tmp_path / "instances.csv").write_text("id,cpu,memory\n")
    (tmp_path / "groups.csv").write_text("name,cpu,memory,start\nweb,1024,2048,10\n")
    saved = tmp_path / "types.csv"
    options = ["--zone", "us-east-1a", "--time-limit", "20s", "-o", "json", "--types", "c5.*"]
    live = CliRunner().invoke(
        app,
        [
            *("right-size", str(tmp_path), "--catalogue", "aws", "--region", "us-east-1"),
            *("--save-catalogue", str(saved), *options),
        ],
    )
    assert live.exit_code == 0, live.output
    assert '"cost": "0.4250"' in live.stdout
    assert "us-east-1: left out, no price on demand for Linux: " in live.stdout
    again = CliRunner().invoke(app, ["right-size", str(tmp_path), "--catalogue", str(saved), *options])
    assert '"cost": "0.4250"' in again.stdout
    # m5.9xlarge has a price, and EC2 does not sell it.
    found = {one.name: one for one in read_catalogue(saved).types}
    assert set(found) == {f"{family}.{size}" for family in PER_PROCESSOR for size in SIZES} - {"m5.9xlarge"}
    large = found["m5.large"]
    assert (large.cpu, large.memory, large.price, large.interfaces) == (2_048, 8_192, 96_000, 2)
    assert large.zones is not None and set(large.zones) <= {f"us-east-1{letter}" for letter in "abcdef"}
    assert len(prices.asked) == 4


@pytest.mark.parametrize("seed", range(8))
def test_what_is_saved_is_read_again(tmp_path: Path, seed: int) -> None:
    """Amounts, prices to the millionth, parts of devices and zones."""
    draw = random.Random(seed)
    some = draw.random() < 0.5
    types = tuple(
        InstanceType(
            f"t{n}",
            draw.randint(1, 10**5),
            draw.randint(1, 10**6),
            draw.choice([0, 1, 25_500, draw.randint(0, 10**9)]),
            draw.choice([0, 1_000, 125]),
            draw.randint(0, 20) if some else None,
            draw.choice(["x86_64", "arm64"]) if some else "",
            tuple(f"z{k}" for k in range(draw.randint(1, 3))) if some else None,
        )
        for n in range(draw.randint(1, 30))
    )
    save_catalogue(Catalogue(types), tmp_path / "types.csv")
    assert read_catalogue(tmp_path / "types.csv").types == types


def test_options_of_aws_go_with_aws_only(tmp_path: Path) -> None:
    """A file has no region, and is there already."""
    answer = CliRunner().invoke(
        app, ["right-size", str(tmp_path), "--catalogue", "t.csv", "--region", "x", "--save-catalogue", "y.csv"]
    )
    assert answer.exit_code == 2
    assert "--region: goes with --catalogue aws only" in answer.stderr
    assert "--save-catalogue: goes with --catalogue aws only" in answer.stderr


def test_a_file_has_no_empty_cell(tmp_path: Path) -> None:
    """What only some types say cannot be kept, nor written where there is no folder."""
    some = Catalogue((InstanceType("a", 1, 1, 1, interfaces=2), InstanceType("b", 1, 1, 1)))
    with pytest.raises(InvalidRequest, match="says nothing of interfaces for 'b'"):
        save_catalogue(some, tmp_path / "t.csv")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        save_catalogue(Catalogue(some.types[:1]), tmp_path / "none" / "t.csv")
