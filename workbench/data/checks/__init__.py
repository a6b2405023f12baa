"""What is looked for in rows: one file each, found by itself (`workbench.data.check.all_checks`)."""
