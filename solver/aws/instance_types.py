"""The instance types that EC2 sells in a region: what each has, the zones that offer it, and its price by the hour.

Read-only calls. Permissions: ``ec2:DescribeInstanceTypes``, ``ec2:DescribeInstanceTypeOfferings``, ``pricing:GetProducts``.
Prices are those of Linux on demand, on shared hardware, without licences (AWS Price List Query API, GetProducts).
The Price List has endpoints in a few regions only, which answer for all regions of their partition.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from solver.aws.calls import (
    MOST_ATTEMPTS,
    NOT_ALLOWED,
    THROTTLED,
    Document,
    Progress,
    Refused,
    Service,
    connect,
    tell_nobody,
)
from solver.errors import SourceUnavailable

PAGE_OF_TYPES, PAGE_OF_OFFERINGS, PAGE_OF_PRODUCTS = 100, 1_000, 100
"""What one call answers with at most (EC2 and Price List API)."""

Entry = TypeVar("Entry")

LISTED = 10
"""Names in a warning."""

ARCHITECTURES = ("x86_64", "arm64")
"""That instances of ECS have; the first that a type supports counts."""

PRICE_LISTS = {"cn-": ("cn-northwest-1", "CNY")}
"""Region of the Price List's endpoint, and currency, by how the names of a partition's regions begin."""

USUAL_PRICE_LIST = ("us-east-1", "USD")

SOUGHT = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
"""What the product is, beside its region: no dedicated hardware, no database, no reservation that stands idle."""


@dataclass(frozen=True)
class SoldType:
    """An instance type that can be bought by the hour.

    Parameters
    ----------
    processors, memory, devices
        vCPUs, MiB, GPUs as the system sees them.
    interfaces
        Network interfaces, the primary one with them.
    architecture
        ``x86_64`` or ``arm64``.
    zones
        Availability zones that offer it, sorted; at least one.
    price
        Of one hour, in the partition's currency.
    """

    name: str
    processors: int
    memory: int
    devices: int
    interfaces: int
    architecture: str
    zones: tuple[str, ...]
    price: Decimal


def sold_types(
    region: str | None = None,
    progress: Progress | None = None,
    *,
    ec2: object | None = None,
    pricing: object | None = None,
) -> tuple[tuple[SoldType, ...], tuple[str, ...]]:
    """What can be bought in a region, by name, and warnings that name what is left out and why.

    Parameters
    ----------
    region
        That of the environment where it is left out.
    progress
        Called as the reading goes on; how much there is becomes known page by page.
    ec2, pricing
        Clients of boto3, in place of those that are made.

    Raises
    ------
    SourceUnavailable
        If boto3 is not installed, no region or credentials are known, or a call fails after its retries.
    """
    tell = progress or tell_nobody
    compute = ec2 or connect(None, MOST_ATTEMPTS, region, "ec2")
    meta: Any = getattr(compute, "meta", None)
    place = str(region or meta.region_name)
    home, currency = next((at for start, at in PRICE_LISTS.items() if place.startswith(start)), USUAL_PRICE_LIST)
    prices = pricing or connect(None, MOST_ATTEMPTS, home, "pricing")
    try:
        described = list(_told("instance types", _described(Service(compute)), tell))
        zones = _zones(_told("offerings", _offered(Service(compute)), tell))
        priced, doubtful = _prices(_told("prices", _products(Service(prices), place), tell), currency)
    except Refused as refused:
        raise SourceUnavailable(f"{refused}{_remedy(refused)}") from refused
    return _joined(described, zones, priced, doubtful, place)


def _described(service: Service) -> Iterator[list[Document]]:
    return service.pages("describe_instance_types", "InstanceTypes", PAGE_OF_TYPES)


def _offered(service: Service) -> Iterator[list[Document]]:
    return service.pages(
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        PAGE_OF_OFFERINGS,
        LocationType="availability-zone",
    )


def _products(service: Service, region: str) -> Iterator[list[str]]:
    wanted = SOUGHT | {"regionCode": region}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    return service.pages(
        "get_products",
        "PriceList",
        PAGE_OF_PRODUCTS,
        ServiceCode="AmazonEC2",
        FormatVersion="aws_v1",
        Filters=filters,
    )


def _told(what: str, pages: Iterable[list[Entry]], tell: Progress) -> Iterator[Entry]:
    done = 0
    for page in pages:
        done += len(page)
        tell(what, done, done)
        yield from page


def _remedy(refused: Refused) -> str:
    if refused.code in THROTTLED:
        return f"; asked {MOST_ATTEMPTS} times, try again later"
    if refused.code in NOT_ALLOWED:
        return "; allow ec2:DescribeInstanceTypes, ec2:DescribeInstanceTypeOfferings and pricing:GetProducts"
    return ""


def _zones(offerings: Iterable[Document]) -> Mapping[str, list[str]]:
    """The zones that offer each type."""
    found: dict[str, list[str]] = {}
    for one in offerings:
        found.setdefault(str(one["InstanceType"]), []).append(str(one["Location"]))
    return found


def _prices(products: Iterable[str], currency: str) -> tuple[Mapping[str, Decimal], Sequence[str]]:
    """The price of an hour of each type, and types of which the list has several: the dearest counts."""
    found: dict[str, set[Decimal]] = {}
    for text in products:
        try:
            product = json.loads(text)
            about = product["product"]["attributes"]
            # Local and Wavelength Zones have prices of their own.
            if about.get("locationType", "AWS Region") != "AWS Region" or not about.get("instanceType"):
                continue
            if about.get("marketoption", "OnDemand") != "OnDemand":
                continue
            for price in _by_the_hour(product, currency):
                found.setdefault(str(about["instanceType"]), set()).add(price)
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as wrong:
            problem = f"get_products: answered with what is no product ({type(wrong).__name__}: {wrong})"
            raise SourceUnavailable(f"{problem}: {str(text)[:120]}") from wrong
    several = [name for name, prices in found.items() if len(prices) > 1]
    return {name: max(prices) for name, prices in found.items()}, several


def _by_the_hour(product: Mapping[str, Any], currency: str) -> Iterator[Decimal]:
    """The prices on demand of one product that are above 0."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            price = Decimal(dimension["pricePerUnit"].get(currency, "0"))
            if dimension["unit"] == "Hrs" and price.is_finite() and price > 0:
                yield price


def _joined(
    described: Iterable[Document],
    zones: Mapping[str, Sequence[str]],
    prices: Mapping[str, Decimal],
    doubtful: Iterable[str],
    region: str,
) -> tuple[tuple[SoldType, ...], tuple[str, ...]]:
    """Types of which everything is known, and what is left out."""
    types: list[SoldType] = []
    out: dict[str, list[str]] = {}
    for one in sorted(described, key=lambda one: str(one.get("InstanceType"))):
        name = str(one.get("InstanceType"))
        architectures = one.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
        architecture = next((known for known in ARCHITECTURES if known in architectures), "")
        amounts = (
            one.get("VCpuInfo", {}).get("DefaultVCpus"),
            one.get("MemoryInfo", {}).get("SizeInMiB"),
            one.get("NetworkInfo", {}).get("MaximumNetworkInterfaces"),
        )
        if not architecture:
            out.setdefault("no architecture that ECS runs on", []).append(name)
        elif not all(amounts):
            out.setdefault("no processors, memory or network interfaces told", []).append(name)
        elif name not in prices:
            out.setdefault("no price on demand for Linux", []).append(name)
        elif not zones.get(name):
            out.setdefault("no zone that offers it", []).append(name)
        else:
            processors, memory, interfaces = (int(amount or 0) for amount in amounts)
            places = tuple(sorted(zones[name]))
            devices = _devices(one)
            types.append(SoldType(name, processors, memory, devices, interfaces, architecture, places, prices[name]))
    warnings = [f"{region}: left out, {why}: {_listed(names)}" for why, names in out.items()]
    kept = {one.name for one in types}
    several = sorted(kept & set(doubtful))
    if several:
        warnings.append(f"{region}: several prices, of which the dearest counts: {_listed(several)}")
    return tuple(types), tuple(warnings)


def _devices(one: Document) -> int:
    """GPUs of an instance; of those that are parts of one, the parts."""
    return sum(int(gpu.get("LogicalGpuCount") or gpu.get("Count") or 0) for gpu in _gpus(one))


def _gpus(one: Document) -> Sequence[Document]:
    return (one.get("GpuInfo") or {}).get("Gpus") or ()


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more:,} more" if more > 0 else "")
