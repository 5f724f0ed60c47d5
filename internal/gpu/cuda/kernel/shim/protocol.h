// protocol.h is how others speak with the shim: main.cpp answers, libcuda.cpp
// and package drivertest ask.
#ifndef TURNO_SHIM_PROTOCOL_H
#define TURNO_SHIM_PROTOCOL_H

// A request is one of these, eight 64-bit words and a payload.
enum { op_alloc, op_free, op_write, op_read, op_set8, op_set32, op_copy, op_launch, op_load };

#endif
