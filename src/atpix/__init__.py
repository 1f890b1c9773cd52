"""Atpix keeps, delivers and generates images."""
