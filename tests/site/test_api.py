"""The reference in a real browser: its search finds, under the policy of all pages."""

import json

import pytest

from mcviz.site import api
from tests.stepper.hosts import expect


def test_the_search_comes_without_an_index():
    script = api.files(["mcviz.segments", "mcviz.backends"])["api/search.js"]
    found = json.loads(api.INDEX.search(script)[0])
    assert isinstance(found, list)
    assert {"mcviz.segments.logarithmic", "mcviz.backends"} <= {each["fullname"] for each in found}


@pytest.mark.browser
def test_the_search_of_the_reference_finds_a_name(opened):
    page = opened("api/mcviz/segments.html")
    page.get_by_role("searchbox").fill("logarithmic")
    page.locator(".search-result a", has_text="mcviz.segments.logarithmic").click()
    page.wait_for_url("**/segments.html#logarithmic")
    expect(page.get_by_role("link", name="API", exact=True)).to_have_attribute("aria-current", "page")
