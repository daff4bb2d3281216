"""Postgres, Valkey and SeaweedFS from wheels, run as plain processes under one supervisor."""
