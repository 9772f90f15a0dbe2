"""Where a hub may be called: over HTTPS anywhere, in the clear only here or in an office network, on purpose."""

from __future__ import annotations

import pytest

from shared.errors import UserError
from shared.sync.address import OFFICE_ROAD, OPEN_ROAD, Road, check_address, judge_address

ROADS = {
    "https://hub.kecamatan.go.id": Road.HTTPS, "https://8.8.8.8": Road.HTTPS,
    "http://127.0.0.1:8700": Road.MACHINE, "http://localhost": Road.MACHINE, "http://[::1]:1": Road.MACHINE,
    "http://[::ffff:127.0.0.1]": Road.MACHINE,
    "http://192.168.1.20:8700": Road.OFFICE, "http://10.1.2.3": Road.OFFICE, "http://172.31.0.1": Road.OFFICE,
    "http://[fd00::5]:8700": Road.OFFICE, "http://[fe80::1%25eth0]": Road.OFFICE, "http://169.254.3.4": Road.OFFICE,
    "http://hub.kecamatan.go.id": Road.OPEN, "http://hub": Road.OPEN, "http://8.8.8.8": Road.OPEN,
    "http://172.32.0.1": Road.OPEN, "http://192.169.1.1": Road.OPEN, "http://[2001:db8::1]": Road.OPEN,
    "http://localhost.go.id": Road.OPEN, "http://0.0.0.0": Road.OPEN, "http://3232235777": Road.OPEN,
}


@pytest.mark.parametrize("address", ROADS)
def test_an_address_is_judged_by_what_it_says_and_never_by_asking_anybody(address: str) -> None:
    assert judge_address(address) is ROADS[address]


@pytest.mark.parametrize("address", ROADS)
def test_in_the_clear_only_on_this_machine_or_in_an_allowed_office_network(address: str) -> None:
    refused = []
    for allow_office in (False, True):
        try:
            check_address(address, allow_office=allow_office)
            refused.append("")
        except UserError as error:
            refused.append(error.kode)
    free, office, opened = ["", ""], [OFFICE_ROAD, ""], [OPEN_ROAD, OPEN_ROAD]
    assert refused == {Road.OFFICE: office, Road.OPEN: opened}.get(ROADS[address], free)
