"""How each operator of TFLite becomes calls of C kernels: one module a family."""
