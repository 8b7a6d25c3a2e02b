"""What the commands do, by subject. None of them checks access: dispatch has done so before it calls one."""
