"""What each service needs of the world, declared by the service that needs it: one file a consumer."""
