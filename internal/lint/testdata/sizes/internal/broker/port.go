package broker

type Base interface {
	A()
	B()
	C()
	D()
}

type Small interface {
	Base
	E(a, b, c, d int)
	F(int, int)
}

type Big interface { // want "broker.Big has 9 methods; divide it"
	Base
	E()
	F()
	G()
	H()
	I()
}

func six(a, b, c, d, e, f int) {}

func seven(a, b, c int, d, e, f, g string) {} // want "seven takes 7; pass a struct"
