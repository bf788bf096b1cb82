"""The explorer: pages in Streamlit that hand choices to mcviz and show what comes back. They compute nothing."""
