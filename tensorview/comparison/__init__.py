"""Attribution methods side by side: how faithful each is, what it costs, as data, as a page and as a picture."""
