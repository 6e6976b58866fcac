/** The slurs that the reference PDS rejects in handles and record keys, as far as ASCII can spell them. */

// For names of ASCII letters, digits and `.-_~:`, in the spellings that the reference PDS looks for.
const slurs = [
  /\bc[hH][iI1l][nN]k[sS]?\b/,
  /\bc[Oo0]{2}[nN][sS]?\b/,
  /\bf[aA@4][gG]{1,2}([Oo0e3EiI1l][tT]{1,2}([rR][yY]|[rR][iI1l][e3E])?)?[sS]?\b/,
  /\bk[iI1lyY]k[e3E]([rR][yY]|[rR][iI1l][e3E])?[sS]*\b/,
  /\b[nN][iI1loOa4A][gGq]{2}(l[e3E]t|[e3EaA][rR]?|n[Oo0][gGq]|[a4A]?)?[sS]?\b/,
  /[nN][iI1loOa4A][gGq]{2}(l[e3E]t|[e3E][rR])/,
  /\b[tT][rR][aA4]+[nN]{1,2}([iI1l][e3E]|[yY]|[e3E][rR])[sS]?\b/,
]

export function hasSlur(name: string): boolean {
  const plain = name.replace(/[._-]/g, '')
  return slurs.some((slur) => slur.test(name) || slur.test(plain))
}
