// The Mandelbrot set as RGBA, one pixel a thread: around (x, y), span wide.
extern "C" __global__ void mandelbrot(unsigned char *rgba, int width, int height, float x, float y, float span) {
  int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
  if (column >= width || row >= height) return;
  float step = span / width;
  float cx = x + (column - width / 2) * step, cy = y + (row - height / 2) * step;
  float zx = 0, zy = 0;
  int n = 0;
  for (; n < 512 && zx * zx + zy * zy < 4; n++) {
    float t = zx * zx - zy * zy + cx;
    zy = 2 * zx * zy + cy;
    zx = t;
  }
  unsigned char *pixel = rgba + 4 * (row * width + column);
  int shade = n == 512 ? 0 : n;
  pixel[0] = 9 * shade % 256;
  pixel[1] = 5 * shade % 256;
  pixel[2] = 13 * shade % 256;
  pixel[3] = 255;
}
