"""Generated from protos/core/pb/*.proto and committed. Never edited; only wire rooms import it."""
