"""What the Attention page and the command line ask: requests, and the functions that answer them."""
