/* The contents of the reference stand open where there is room beside the text. */

document.getElementById("contents").open = matchMedia("(min-width: 900px)").matches;
