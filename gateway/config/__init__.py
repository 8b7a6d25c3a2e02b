"""The configuration: a YAML file, environment variables and options, checked as a whole."""

from gateway.config.load import Option, load
from gateway.config.problems import ConfigError, Problem
from gateway.config.settings import DEFAULT_DATA, Config
from gateway.config.summary import summary

__all__ = ["DEFAULT_DATA", "Config", "ConfigError", "Option", "Problem", "load", "summary"]
