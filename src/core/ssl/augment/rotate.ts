/** A square image [side, side], turned `turns` times by 90° counter-clockwise, as by NumPy's rot90. */
export function rotate(image: Float32Array, turns: number): Float32Array {
  const side = Math.sqrt(image.length)
  let turned = image
  for (let turn = 0; turn < turns; turn++) {
    const from = turned
    turned = new Float32Array(image.length)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) turned[row * side + column] = from[column * side + (side - 1 - row)]
  }
  return turned
}
