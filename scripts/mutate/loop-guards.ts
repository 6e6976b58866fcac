/** Makes the loops of a source file end: a mutant that loops for ever must not hold up the run. */
import { childrenOf, parse } from './mutants.ts'

const loops = ['For', 'ForIn', 'ForOf', 'While', 'DoWhile'].map((kind) => `${kind}Statement`)

/** The source with a call of `__turn()`, which throws after the time limit, in the body of every loop. */
export function guardLoops(text: string): string {
  const inserts: [at: number, what: string][] = []
  const visit = (node: ReturnType<typeof parse>) => {
    const body = node['body'] as { type: string; start: number; end: number }
    if (loops.includes(node.type)) {
      const isBlock = body.type === 'BlockStatement'
      inserts.push([isBlock ? body.start + 1 : body.start, isBlock ? '__turn();' : '{__turn();'])
      if (!isBlock) inserts.push([body.end, '\n}'])
    }
    for (const child of childrenOf(node)) visit(child)
  }
  visit(parse(text))
  return inserts
    .sort((a, b) => b[0] - a[0])
    .reduce((out, [at, what]) => out.slice(0, at) + what + out.slice(at), text)
}
