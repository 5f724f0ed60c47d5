#include "go_asm.h"
#include "textflag.h"

// VZEROUPPER before each RET: Go's own SSE code would be slowed down otherwise.

// CHANNEL adds one weight times the 24 pixels in Y12, Y13, Y14 to three sums.
#define CHANNEL(at, s0, s1, s2) \
	VBROADCASTSS at(R11), Y15; \
	VFMADD231PS Y12, Y15, s0; \
	VFMADD231PS Y13, Y15, s1; \
	VFMADD231PS Y14, Y15, s2

#define ZERO12 \
	VXORPS Y0, Y0, Y0; \
	VXORPS Y1, Y1, Y1; \
	VXORPS Y2, Y2, Y2; \
	VXORPS Y3, Y3, Y3; \
	VXORPS Y4, Y4, Y4; \
	VXORPS Y5, Y5, Y5; \
	VXORPS Y6, Y6, Y6; \
	VXORPS Y7, Y7, Y7; \
	VXORPS Y8, Y8, Y8; \
	VXORPS Y9, Y9, Y9; \
	VXORPS Y10, Y10, Y10; \
	VXORPS Y11, Y11, Y11

// Four channels by 24 pixels are Y0 to Y11; each step is 12 FMAs to 8 loads.
//
//	SI input   R8 output   R9 its stride, R13 three times that
//	R10 offsets   R11 weights   CX steps left   BX blocks left
//
// func convolveAVX2(t *convolution)
TEXT ·convolveAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ convolution_in(DI), SI
	MOVQ convolution_out(DI), R8
	MOVQ convolution_stride(DI), R9
	LEAQ (R9)(R9*2), R13
	MOVQ convolution_blocks(DI), BX
	MOVQ (convolution_offsets+8)(DI), DX
	TESTQ DX, DX
	JZ   done
	TESTQ BX, BX
	JZ   done

block:
	MOVQ convolution_offsets(DI), R10
	MOVQ convolution_weights(DI), R11
	MOVQ DX, CX
	ZERO12

step:
	MOVQ (R10), AX
	VMOVUPS (SI)(AX*1), Y12
	VMOVUPS 32(SI)(AX*1), Y13
	VMOVUPS 64(SI)(AX*1), Y14
	CHANNEL(0, Y0, Y1, Y2)
	CHANNEL(4, Y3, Y4, Y5)
	CHANNEL(8, Y6, Y7, Y8)
	CHANNEL(12, Y9, Y10, Y11)
	ADDQ $8, R10
	ADDQ $16, R11
	DECQ CX
	JNZ  step

	VMOVUPS Y0, (R8)
	VMOVUPS Y1, 32(R8)
	VMOVUPS Y2, 64(R8)
	VMOVUPS Y3, (R8)(R9*1)
	VMOVUPS Y4, 32(R8)(R9*1)
	VMOVUPS Y5, 64(R8)(R9*1)
	VMOVUPS Y6, (R8)(R9*2)
	VMOVUPS Y7, 32(R8)(R9*2)
	VMOVUPS Y8, 64(R8)(R9*2)
	VMOVUPS Y9, (R8)(R13*1)
	VMOVUPS Y10, 32(R8)(R13*1)
	VMOVUPS Y11, 64(R8)(R13*1)
	ADDQ $96, SI
	ADDQ $96, R8
	DECQ BX
	JNZ  block

done:
	VZEROUPPER
	RET

// Four channels by three taps are Y0 to Y11, each with eight partial sums that
// are added at the very end; a step is 12 FMAs to 7 loads.
//
//	SI input   R8 gradients   R9 their stride, R13 three times that
//	R10, R11 the pictures' strides   CX blocks left   BX pictures left
//
// func correlateAVX2(t *correlation)
TEXT ·correlateAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ correlation_in(DI), SI
	MOVQ correlation_grad(DI), R8
	MOVQ correlation_stride(DI), R9
	LEAQ (R9)(R9*2), R13
	MOVQ correlation_gradImage(DI), R10
	MOVQ correlation_inImage(DI), R11
	MOVQ correlation_images(DI), BX
	ZERO12

image:
	MOVQ correlation_blocks(DI), CX
	MOVQ SI, AX
	MOVQ R8, DX

pixels:
	VMOVUPS (AX), Y12
	VMOVUPS 4(AX), Y13
	VMOVUPS 8(AX), Y14
	VMOVUPS (DX), Y15
	VFMADD231PS Y12, Y15, Y0
	VFMADD231PS Y13, Y15, Y1
	VFMADD231PS Y14, Y15, Y2
	VMOVUPS (DX)(R9*1), Y15
	VFMADD231PS Y12, Y15, Y3
	VFMADD231PS Y13, Y15, Y4
	VFMADD231PS Y14, Y15, Y5
	VMOVUPS (DX)(R9*2), Y15
	VFMADD231PS Y12, Y15, Y6
	VFMADD231PS Y13, Y15, Y7
	VFMADD231PS Y14, Y15, Y8
	VMOVUPS (DX)(R13*1), Y15
	VFMADD231PS Y12, Y15, Y9
	VFMADD231PS Y13, Y15, Y10
	VFMADD231PS Y14, Y15, Y11
	ADDQ $32, AX
	ADDQ $32, DX
	DECQ CX
	JNZ  pixels

	ADDQ R10, R8
	ADDQ R11, SI
	DECQ BX
	JNZ  image

	VHADDPS Y1, Y0, Y0
	VHADDPS Y3, Y2, Y2
	VHADDPS Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X12
	VADDPS X12, X0, X0
	VMOVUPS X0, (correlation_sums+0)(DI)
	VHADDPS Y5, Y4, Y4
	VHADDPS Y7, Y6, Y6
	VHADDPS Y6, Y4, Y4
	VEXTRACTF128 $1, Y4, X12
	VADDPS X12, X4, X4
	VMOVUPS X4, (correlation_sums+16)(DI)
	VHADDPS Y9, Y8, Y8
	VHADDPS Y11, Y10, Y10
	VHADDPS Y10, Y8, Y8
	VEXTRACTF128 $1, Y8, X12
	VADDPS X12, X8, X8
	VMOVUPS X8, (correlation_sums+32)(DI)
	VZEROUPPER
	RET

// Constants of the pools, as integers.
DATA two<>+0(SB)/4, $2
GLOBL two<>(SB), RODATA|NOPTR, $4
DATA four<>+0(SB)/4, $4
GLOBL four<>(SB), RODATA|NOPTR, $4
DATA one<>+0(SB)/4, $1
GLOBL one<>(SB), RODATA|NOPTR, $4
DATA three<>+0(SB)/4, $3
GLOBL three<>(SB), RODATA|NOPTR, $4

// Eight numbers of the small picture at a time. The shuffles leave them in the
// order 0 1 4 5 2 3 6 7, which the permutations at the end put right.
//
//	SI upper row   R8 lower row   R9 small   R10 which   CX numbers left in the row
//	Y15 zero   Y14 bias   Y13 two   Y12 four   Y11 mask
//
// func poolAVX2(p *pooling)
TEXT ·poolAVX2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	MOVQ pooling_wide(DI), R11
	MOVQ pooling_small(DI), R12
	MOVQ pooling_which(DI), R10
	MOVQ pooling_wideRow(DI), AX
	MOVQ pooling_smallRow(DI), DX
	MOVQ pooling_rows(DI), BX
	VXORPS Y15, Y15, Y15
	VBROADCASTSS pooling_bias(DI), Y14
	VBROADCASTSS two<>(SB), Y13
	VBROADCASTSS four<>(SB), Y12

row:
	MOVQ R11, SI
	LEAQ (R11)(AX*1), R8
	MOVQ R12, R9
	MOVQ pooling_count(DI), CX

eight:
	VPCMPEQD Y11, Y11, Y11
	CMPQ CX, $8
	JGE  whole
	VMOVUPS pooling_tail(DI), Y11

whole:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSHUFPS $0x88, Y1, Y0, Y2 // upper left
	VSHUFPS $0xDD, Y1, Y0, Y3 // upper right
	VMOVUPS (R8), Y0
	VMOVUPS 32(R8), Y1
	VSHUFPS $0x88, Y1, Y0, Y4
	VSHUFPS $0xDD, Y1, Y0, Y5
	VCMPPS $0x1E, Y2, Y3, Y6 // right > left
	VCMPPS $0x1E, Y4, Y5, Y7
	VMAXPS Y2, Y3, Y2
	VMAXPS Y4, Y5, Y4
	VPSRLD $31, Y6, Y6 // 0 or 1
	VPSRLD $31, Y7, Y7
	VPOR Y13, Y7, Y7 // 2 or 3
	VCMPPS $0x1E, Y2, Y4, Y8 // lower > upper
	VMAXPS Y2, Y4, Y2
	VBLENDVPS Y8, Y7, Y6, Y6
	VADDPS Y14, Y2, Y2
	VCMPPS $0x1A, Y15, Y2, Y8 // not above 0
	VBLENDVPS Y8, Y12, Y6, Y6
	VMAXPS Y15, Y2, Y2
	VPERMPD $0xD8, Y2, Y2
	VPERMPD $0xD8, Y6, Y6
	VMASKMOVPS Y2, Y11, (R9)
	VMASKMOVPS Y6, Y11, (R10)
	ADDQ $64, SI
	ADDQ $64, R8
	ADDQ $32, R9
	ADDQ $32, R10
	SUBQ $8, CX
	JG   eight

	LEAQ (R10)(CX*4), R10 // back by what the last eight were short of
	LEAQ (R11)(AX*2), R11
	ADDQ DX, R12
	DECQ BX
	JNZ  row
	VZEROUPPER
	RET

// The way back. Y10 sums up.
//
// func unpoolAVX2(p *pooling)
TEXT ·unpoolAVX2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), DI
	MOVQ pooling_wide(DI), R11
	MOVQ pooling_small(DI), R12
	MOVQ pooling_which(DI), R10
	MOVQ pooling_wideRow(DI), AX
	MOVQ pooling_smallRow(DI), DX
	MOVQ pooling_rows(DI), BX
	VXORPS Y15, Y15, Y15
	VBROADCASTSS one<>(SB), Y14
	VBROADCASTSS two<>(SB), Y13
	VBROADCASTSS three<>(SB), Y12
	VXORPS Y10, Y10, Y10

row:
	MOVQ R11, SI
	LEAQ (R11)(AX*1), R8
	MOVQ R12, R9
	MOVQ pooling_count(DI), CX

eight:
	VPCMPEQD Y11, Y11, Y11
	VMOVAPS Y11, Y9
	VMOVAPS Y11, Y8
	CMPQ CX, $8
	JGE  whole
	VMOVUPS pooling_tail(DI), Y11
	VMOVUPS pooling_tails(DI), Y9
	VMOVUPS (pooling_tails+32)(DI), Y8

whole:
	VMASKMOVPS (R9), Y11, Y0
	VMASKMOVPS (R10), Y11, Y1
	VPCMPEQD Y15, Y1, Y2
	VPCMPEQD Y14, Y1, Y3
	VANDPS Y0, Y2, Y2
	VANDPS Y0, Y3, Y3
	VADDPS Y2, Y10, Y10
	VADDPS Y3, Y10, Y10
	VUNPCKLPS Y3, Y2, Y4
	VUNPCKHPS Y3, Y2, Y5
	VPERM2F128 $0x20, Y5, Y4, Y6
	VPERM2F128 $0x31, Y5, Y4, Y7
	VMASKMOVPS Y6, Y9, (SI)
	VMASKMOVPS Y7, Y8, 32(SI)
	VPCMPEQD Y13, Y1, Y2
	VPCMPEQD Y12, Y1, Y3
	VANDPS Y0, Y2, Y2
	VANDPS Y0, Y3, Y3
	VADDPS Y2, Y10, Y10
	VADDPS Y3, Y10, Y10
	VUNPCKLPS Y3, Y2, Y4
	VUNPCKHPS Y3, Y2, Y5
	VPERM2F128 $0x20, Y5, Y4, Y6
	VPERM2F128 $0x31, Y5, Y4, Y7
	VMASKMOVPS Y6, Y9, (R8)
	VMASKMOVPS Y7, Y8, 32(R8)
	ADDQ $64, SI
	ADDQ $64, R8
	ADDQ $32, R9
	ADDQ $32, R10
	SUBQ $8, CX
	JG   eight

	LEAQ (R10)(CX*4), R10
	LEAQ (R11)(AX*2), R11
	ADDQ DX, R12
	DECQ BX
	JNZ  row
	VEXTRACTF128 $1, Y10, X0
	VADDPS X0, X10, X0
	VHADDPS X0, X0, X0
	VHADDPS X0, X0, X0
	VMOVSS X0, pooling_sum(DI)
	VZEROUPPER
	RET

// func momentumAVX2(u *update)
TEXT ·momentumAVX2(SB), NOSPLIT, $0-8
	MOVQ u+0(FP), DI
	MOVQ update_weights(DI), SI
	MOVQ update_grads(DI), R8
	MOVQ (update_grads+8)(DI), CX
	MOVQ update_first(DI), R9
	VBROADCASTSS update_decay(DI), Y15
	VBROADCASTSS update_beta1(DI), Y14
	VBROADCASTSS update_negative(DI), Y13
	SHRQ $3, CX
	JZ   done

eight:
	VMOVUPS (SI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R9), Y2
	VFMADD231PS Y0, Y15, Y1
	VFMADD231PS Y2, Y14, Y1
	VMOVUPS Y1, (R9)
	VFMADD231PS Y1, Y13, Y0
	VMOVUPS Y0, (SI)
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $32, R9
	DECQ CX
	JNZ  eight

done:
	VZEROUPPER
	RET

// func adamAVX2(u *update)
TEXT ·adamAVX2(SB), NOSPLIT, $0-8
	MOVQ u+0(FP), DI
	MOVQ update_weights(DI), SI
	MOVQ update_grads(DI), R8
	MOVQ (update_grads+8)(DI), CX
	MOVQ update_first(DI), R9
	MOVQ update_second(DI), R10
	VBROADCASTSS update_decay(DI), Y15
	VBROADCASTSS update_beta1(DI), Y14
	VBROADCASTSS update_beta2(DI), Y13
	VBROADCASTSS update_rest1(DI), Y12
	VBROADCASTSS update_rest2(DI), Y11
	VBROADCASTSS update_unbias(DI), Y10
	VBROADCASTSS update_epsilon(DI), Y9
	VBROADCASTSS update_negative(DI), Y8
	SHRQ $3, CX
	JZ   done

eight:
	VMOVUPS (SI), Y0
	VMOVUPS (R8), Y1
	VFMADD231PS Y0, Y15, Y1 // the gradient, with decay
	VMULPS (R9), Y14, Y2
	VFMADD231PS Y1, Y12, Y2
	VMOVUPS Y2, (R9)
	VMULPS Y1, Y1, Y3
	VMULPS (R10), Y13, Y4
	VFMADD231PS Y3, Y11, Y4
	VMOVUPS Y4, (R10)
	VSQRTPS Y4, Y4
	VMULPS Y10, Y4, Y4
	VADDPS Y9, Y4, Y4
	VMULPS Y8, Y2, Y2
	VDIVPS Y4, Y2, Y2
	VADDPS Y2, Y0, Y0
	VMOVUPS Y0, (SI)
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, R10
	DECQ CX
	JNZ  eight

done:
	VZEROUPPER
	RET
