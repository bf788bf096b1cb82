"""`python -m mcviz.zoo` lists the models that ship with mcviz, and what their cards say of them."""

from mcviz.zoo import names, read


def main() -> None:
    """One line for each model."""
    for name in names():
        card, _ = read(name)
        figures = "  ".join(f"{what} {measure.value:6.3f}" for what, measure in card.measured.items())
        print(f"{name:18} {card.parameters:6,} weights  {figures}")


if __name__ == "__main__":
    main()
