"""The address that a class can open, if any."""

import pytest

from app import network


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_server_that_listens_here_alone_says_that_nobody_else_can_open_it(host):
    url, said = network.shared(f"http://{host}:8501/base/explore", "localhost")
    assert url == f"http://{host}:8501/base/explore"
    assert "opens on this machine only" in said
    assert "--address 0.0.0.0" in said


def test_a_server_that_listens_everywhere_is_given_by_the_address_of_its_machine(monkeypatch):
    monkeypatch.setattr(network, "address", lambda: "192.168.7.3")
    url, said = network.shared("http://localhost:8501/base/explore", "0.0.0.0")
    assert url == "http://192.168.7.3:8501/base/explore"
    assert "192.168.7.3" in said
    monkeypatch.setattr(network, "address", lambda: "")
    assert "nobody else can open" in network.shared("http://localhost:8501", "")[1]


def test_a_server_that_was_reached_by_its_name_keeps_it():
    url, said = network.shared("https://class.example/mcviz", "localhost")
    assert url == "https://class.example/mcviz"
    assert "can open the link" in said
