"""Products as the AWS Price List answers with them (GetProducts, aws_v1), and an endpoint that lists them in pages."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def product(name: str, price: str, currency: str = "USD", unit: str = "Hrs", **attributes: str) -> str:
    """One entry of ``PriceList``: text, as the API sends it, with a reserved term that nobody asked for."""
    sku = f"SKU{abs(hash((name, price))) % 10**8:08}"
    about = {
        "instanceType": name,
        "location": "US East (N. Virginia)",
        "locationType": "AWS Region",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "regionCode": "us-east-1",
        "usagetype": f"BoxUsage:{name}",
        "operation": "RunInstances",
        "servicecode": "AmazonEC2",
    }

    def terms(offer: str, amount: str) -> dict[str, Any]:
        rate = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {currency: amount}, "appliesTo": []}
        term = {"priceDimensions": {f"{sku}.{offer}.6YS6EN2CT7": rate}, "sku": sku, "offerTermCode": offer}
        return {f"{sku}.{offer}": term | {"effectiveDate": "2026-11-01T00:00:00Z", "termAttributes": {}}}

    return json.dumps(
        {
            "product": {"productFamily": "Compute Instance", "attributes": about | attributes, "sku": sku},
            "serviceCode": "AmazonEC2",
            "terms": {"OnDemand": terms("JRTCKXETXF", price), "Reserved": terms("4NA7Y494T4", "0.0100000000")},
            "version": "20261101000000",
            "publicationDate": "2026-11-01T00:00:00Z",
        }
    )


class PriceList:
    """Answers GetProducts with the products whose attributes are those of the filters, so many a page."""

    def __init__(self, products: list[str], page: int) -> None:
        self.products, self.page = products, page
        self.asked: list[dict[str, Any]] = []

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(body)
        wanted = {one["Field"]: one["Value"] for one in body["Filters"]}
        matching = [
            text
            for text in self.products
            if wanted.items() <= json.loads(text)["product"]["attributes"].items()
            and body["ServiceCode"] == "AmazonEC2"
        ]
        start = int(body.get("NextToken", 0))
        more = {"NextToken": str(start + self.page)} if start + self.page < len(matching) else {}
        return {"FormatVersion": "aws_v1", "PriceList": matching[start : start + self.page], **more}


@contextmanager
def served(prices: PriceList) -> Iterator[str]:
    """The address of an endpoint of the Price List on this computer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
            content = json.dumps(prices.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
