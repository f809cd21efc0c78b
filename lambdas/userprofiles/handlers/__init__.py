"""One thin file for each Lambda function: parse, call the domain, answer."""
