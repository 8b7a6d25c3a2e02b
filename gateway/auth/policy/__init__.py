"""Bucket policies: who may do what under which conditions, in the words of IAM.

Source: "IAM JSON policy element reference" in the IAM User Guide, and "Policies and permissions in Amazon S3".
"""
