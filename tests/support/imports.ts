/** What a file imports, read from its syntax tree: for the architecture test, and to find the tests of a file. */
import { join } from 'node:path'
import { parseAst } from 'vitest/node'
import type { Source } from '#tests/support/sources.ts'

/** One `import … from`, `export … from`, `import()` or `import('…')` in a type. */
export interface Import {
  /**
   * A path relative to the root for our own files, the specifier as written for packages, and the source text of an
   * `import()` whose specifier is computed.
   */
  target: string
  ours: boolean
  typeOnly: boolean
}

interface Node {
  type: string
  start: number
  end: number
  source?: Node | null
  value?: unknown
  importKind?: string
  exportKind?: string
  [key: string]: unknown
}

/** `import { type A }` counts as run time: with its types stripped it still loads the module. */
export function importsOf({ path, text }: Source): Import[] {
  const found: Import[] = []
  const visit = (node: Node) => {
    const { source, type, importKind, exportKind } = node
    if (source && /^(Import|Export|TSImportType)/.test(type)) {
      const typeOnly = type === 'TSImportType' || (importKind ?? exportKind) === 'type'
      found.push({ ...targetOf(path, text, source), typeOnly })
    }
    for (const child of Object.values(node).flat()) if (isNode(child)) visit(child)
  }
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node)
  return found
}

function targetOf(path: string, text: string, source: Node): Pick<Import, 'target' | 'ours'> {
  const { value: specifier } = source
  // In no layer, so that the architecture test refuses it.
  if (typeof specifier !== 'string') {
    return { target: `import(${text.slice(source.start, source.end)})`, ours: true }
  }
  if (/^#(src|actors|tests)\//.test(specifier)) return { target: specifier.slice(1), ours: true }
  const isRelative = specifier.startsWith('.')
  return { target: isRelative ? join(path, '..', specifier) : specifier, ours: isRelative }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Object(value).type === 'string'
}
