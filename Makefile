.DEFAULT_GOAL := help
.PHONY: help setup serve test lint bench image clean

help: ## Show these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

setup: ## Create .venv with everything for development
	@scripts/setup dev
