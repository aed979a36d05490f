"""The report as a page: what it is made of (``blocks``), what is drawn from the measurements, and the page itself (``html``)."""
