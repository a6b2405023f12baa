"""The steps that mend rows: one file each, found by itself (`workbench.data.step.all_steps`)."""
