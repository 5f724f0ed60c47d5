#include "go_asm.h"
#include "textflag.h"

// Both kernels hold a tile of C in Y4 to Y15, a register pair per row, and go
// through the depth once: per step they load one row of the panel of B (64
// bytes) into Y0 and Y1 and broadcast six numbers of the panel of A in turn
// into Y2 and Y3. That is 12 FMAs to 8 loads, so that two FMA units are busy and
// two load units keep up; 12 independent sums cover the latency of 4 or 5 cycles.
//
//	SI panel of A   DX panel of B   R8 tile of C   R9 its stride in bytes
//	CX steps left   R10, R11, R12, R13, R14 the rows of C after the first
//
// VZEROUPPER before RET: Go's own SSE code would be slowed down otherwise.

// STEP32 does one step of the depth, a and b bytes behind the panels' pointers.
#define STEP32(a, b) \
	VMOVUPS b(DX), Y0; \
	VMOVUPS b+32(DX), Y1; \
	VBROADCASTSS a+0(SI), Y2; \
	VBROADCASTSS a+4(SI), Y3; \
	VFMADD231PS Y0, Y2, Y4; \
	VFMADD231PS Y1, Y2, Y5; \
	VFMADD231PS Y0, Y3, Y6; \
	VFMADD231PS Y1, Y3, Y7; \
	VBROADCASTSS a+8(SI), Y2; \
	VBROADCASTSS a+12(SI), Y3; \
	VFMADD231PS Y0, Y2, Y8; \
	VFMADD231PS Y1, Y2, Y9; \
	VFMADD231PS Y0, Y3, Y10; \
	VFMADD231PS Y1, Y3, Y11; \
	VBROADCASTSS a+16(SI), Y2; \
	VBROADCASTSS a+20(SI), Y3; \
	VFMADD231PS Y0, Y2, Y12; \
	VFMADD231PS Y1, Y2, Y13; \
	VFMADD231PS Y0, Y3, Y14; \
	VFMADD231PS Y1, Y3, Y15

// STORE32 writes a row of the tile; ADD32 adds beta times the row of C to it first.
#define STORE32(row, left, right) \
	VMOVUPS left, (row); \
	VMOVUPS right, 32(row)

#define ADD32(row, left, right) \
	VFMADD231PS (row), Y1, left; \
	VFMADD231PS 32(row), Y1, right; \
	STORE32(row, left, right)

// func runAVX2Single(t *tile32)
TEXT ·runAVX2Single(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ tile32_a(DI), SI
	MOVQ tile32_b(DI), DX
	MOVQ tile32_c(DI), R8
	MOVQ tile32_stride(DI), R9
	MOVQ tile32_depth(DI), CX
	SHLQ $2, R9
	LEAQ (R8)(R9*1), R10
	LEAQ (R10)(R9*1), R11
	LEAQ (R11)(R9*1), R12
	LEAQ (R12)(R9*1), R13
	LEAQ (R13)(R9*1), R14

	// C is needed after the last step: fetch it meanwhile.
	PREFETCHT0 (R8)
	PREFETCHT0 63(R8)
	PREFETCHT0 (R10)
	PREFETCHT0 63(R10)
	PREFETCHT0 (R11)
	PREFETCHT0 63(R11)
	PREFETCHT0 (R12)
	PREFETCHT0 63(R12)
	PREFETCHT0 (R13)
	PREFETCHT0 63(R13)
	PREFETCHT0 (R14)
	PREFETCHT0 63(R14)

	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12
	VXORPS Y13, Y13, Y13
	VXORPS Y14, Y14, Y14
	VXORPS Y15, Y15, Y15

	MOVQ CX, BX
	ANDQ $3, BX // steps after the unrolled ones
	SHRQ $2, CX
	JZ   rest

four:
	PREFETCHT0 192(SI)
	STEP32(0, 0)
	STEP32(24, 64)
	STEP32(48, 128)
	STEP32(72, 192)
	ADDQ $96, SI
	ADDQ $256, DX
	DECQ CX
	JNZ  four

rest:
	TESTQ BX, BX
	JZ    scale

one:
	STEP32(0, 0)
	ADDQ $24, SI
	ADDQ $64, DX
	DECQ BX
	JNZ  one

scale:
	VBROADCASTSS tile32_alpha(DI), Y0
	VMULPS Y0, Y4, Y4
	VMULPS Y0, Y5, Y5
	VMULPS Y0, Y6, Y6
	VMULPS Y0, Y7, Y7
	VMULPS Y0, Y8, Y8
	VMULPS Y0, Y9, Y9
	VMULPS Y0, Y10, Y10
	VMULPS Y0, Y11, Y11
	VMULPS Y0, Y12, Y12
	VMULPS Y0, Y13, Y13
	VMULPS Y0, Y14, Y14
	VMULPS Y0, Y15, Y15

	// Is beta 0 or -0? By its bits: a comparison would take NaN for 0.
	MOVL tile32_beta(DI), AX
	ADDL AX, AX
	JZ   store
	VBROADCASTSS tile32_beta(DI), Y1
	ADD32(R8, Y4, Y5)
	ADD32(R10, Y6, Y7)
	ADD32(R11, Y8, Y9)
	ADD32(R12, Y10, Y11)
	ADD32(R13, Y12, Y13)
	ADD32(R14, Y14, Y15)
	VZEROUPPER
	RET

store:
	STORE32(R8, Y4, Y5)
	STORE32(R10, Y6, Y7)
	STORE32(R11, Y8, Y9)
	STORE32(R12, Y10, Y11)
	STORE32(R13, Y12, Y13)
	STORE32(R14, Y14, Y15)
	VZEROUPPER
	RET

// STEP64 does one step of the depth, a and b bytes behind the panels' pointers.
#define STEP64(a, b) \
	VMOVUPD b(DX), Y0; \
	VMOVUPD b+32(DX), Y1; \
	VBROADCASTSD a+0(SI), Y2; \
	VBROADCASTSD a+8(SI), Y3; \
	VFMADD231PD Y0, Y2, Y4; \
	VFMADD231PD Y1, Y2, Y5; \
	VFMADD231PD Y0, Y3, Y6; \
	VFMADD231PD Y1, Y3, Y7; \
	VBROADCASTSD a+16(SI), Y2; \
	VBROADCASTSD a+24(SI), Y3; \
	VFMADD231PD Y0, Y2, Y8; \
	VFMADD231PD Y1, Y2, Y9; \
	VFMADD231PD Y0, Y3, Y10; \
	VFMADD231PD Y1, Y3, Y11; \
	VBROADCASTSD a+32(SI), Y2; \
	VBROADCASTSD a+40(SI), Y3; \
	VFMADD231PD Y0, Y2, Y12; \
	VFMADD231PD Y1, Y2, Y13; \
	VFMADD231PD Y0, Y3, Y14; \
	VFMADD231PD Y1, Y3, Y15

// STORE64 writes a row of the tile; ADD64 adds beta times the row of C to it first.
#define STORE64(row, left, right) \
	VMOVUPD left, (row); \
	VMOVUPD right, 32(row)

#define ADD64(row, left, right) \
	VFMADD231PD (row), Y1, left; \
	VFMADD231PD 32(row), Y1, right; \
	STORE64(row, left, right)

// func runAVX2Double(t *tile64)
TEXT ·runAVX2Double(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ tile64_a(DI), SI
	MOVQ tile64_b(DI), DX
	MOVQ tile64_c(DI), R8
	MOVQ tile64_stride(DI), R9
	MOVQ tile64_depth(DI), CX
	SHLQ $3, R9
	LEAQ (R8)(R9*1), R10
	LEAQ (R10)(R9*1), R11
	LEAQ (R11)(R9*1), R12
	LEAQ (R12)(R9*1), R13
	LEAQ (R13)(R9*1), R14

	// C is needed after the last step: fetch it meanwhile.
	PREFETCHT0 (R8)
	PREFETCHT0 63(R8)
	PREFETCHT0 (R10)
	PREFETCHT0 63(R10)
	PREFETCHT0 (R11)
	PREFETCHT0 63(R11)
	PREFETCHT0 (R12)
	PREFETCHT0 63(R12)
	PREFETCHT0 (R13)
	PREFETCHT0 63(R13)
	PREFETCHT0 (R14)
	PREFETCHT0 63(R14)

	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12
	VXORPS Y13, Y13, Y13
	VXORPS Y14, Y14, Y14
	VXORPS Y15, Y15, Y15

	MOVQ CX, BX
	ANDQ $3, BX // steps after the unrolled ones
	SHRQ $2, CX
	JZ   rest

four:
	PREFETCHT0 384(SI)
	STEP64(0, 0)
	STEP64(48, 64)
	STEP64(96, 128)
	STEP64(144, 192)
	ADDQ $192, SI
	ADDQ $256, DX
	DECQ CX
	JNZ  four

rest:
	TESTQ BX, BX
	JZ    scale

one:
	STEP64(0, 0)
	ADDQ $48, SI
	ADDQ $64, DX
	DECQ BX
	JNZ  one

scale:
	VBROADCASTSD tile64_alpha(DI), Y0
	VMULPD Y0, Y4, Y4
	VMULPD Y0, Y5, Y5
	VMULPD Y0, Y6, Y6
	VMULPD Y0, Y7, Y7
	VMULPD Y0, Y8, Y8
	VMULPD Y0, Y9, Y9
	VMULPD Y0, Y10, Y10
	VMULPD Y0, Y11, Y11
	VMULPD Y0, Y12, Y12
	VMULPD Y0, Y13, Y13
	VMULPD Y0, Y14, Y14
	VMULPD Y0, Y15, Y15

	// Is beta 0 or -0? By its bits: a comparison would take NaN for 0.
	MOVQ tile64_beta(DI), AX
	ADDQ AX, AX
	JZ   store
	VBROADCASTSD tile64_beta(DI), Y1
	ADD64(R8, Y4, Y5)
	ADD64(R10, Y6, Y7)
	ADD64(R11, Y8, Y9)
	ADD64(R12, Y10, Y11)
	ADD64(R13, Y12, Y13)
	ADD64(R14, Y14, Y15)
	VZEROUPPER
	RET

store:
	STORE64(R8, Y4, Y5)
	STORE64(R10, Y6, Y7)
	STORE64(R11, Y8, Y9)
	STORE64(R12, Y10, Y11)
	STORE64(R13, Y12, Y13)
	STORE64(R14, Y14, Y15)
	VZEROUPPER
	RET
