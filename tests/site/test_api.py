"""The reference in a real browser: its search finds, under the policy of all pages."""

import pytest

from tests.stepper.hosts import expect


@pytest.mark.browser
def test_the_search_of_the_reference_finds_a_name(opened):
    page = opened("api/mcviz/segments.html")
    page.get_by_role("searchbox").fill("logarithmic")
    page.locator(".search-result a", has_text="mcviz.segments.logarithmic").click()
    page.wait_for_url("**/segments.html#logarithmic")
    expect(page.get_by_role("link", name="API", exact=True)).to_have_attribute("aria-current", "page")
