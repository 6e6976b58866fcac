/** Finds the mutants of a source file: every place where one token, call or early exit can be changed. */
import { parseAst } from 'vitest/node'

export interface Mutant {
  start: number
  end: number
  replacement: string
  /** The text of the line, trimmed. */
  line: string
  /** That line after the change, trimmed; empty if a statement is removed. */
  becomes: string
  lineNumber: number
}

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

type Edit = [start: number, end: number, replacement: string]

const operators: Record<string, string[]> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
  '&=': ['|='],
  '|=': ['&='],
  '<<=': ['>>='],
  '>>=': ['<<='],
  '??=': ['&&='],
  '||=': ['&&='],
  '&&=': ['||='],
}

/** Type syntax that holds an expression; all other nodes of type syntax are left out. */
const wrappers = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'])
const exits = ['ReturnStatement', 'ThrowStatement', 'ContinueStatement', 'BreakStatement']

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Object(value).type === 'string'
}

/** The direct children of a node, those of type syntax left out. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter(isNode)
    .filter(({ type }) => !type.startsWith('TS') || wrappers.has(type))
}

export function parse(text: string): Node {
  return parseAst(text, { lang: 'ts' }) as unknown as Node
}

export function mutantsOf(text: string): Mutant[] {
  const edits: Edit[] = []
  const visit = (node: Node) => {
    edits.push(...editsOf(node, text))
    for (const child of childrenOf(node)) visit(child)
  }
  visit(parse(text))
  return edits.sort((a, b) => a[0] - b[0]).map((edit) => describe(text, edit))
}

/** The source with the mutant in it. */
export function apply(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end)
}

function describe(text: string, [start, end, replacement]: Edit): Mutant {
  const from = text.lastIndexOf('\n', start - 1) + 1
  const endOf = (at: number) => text.indexOf('\n', at) >>> 0
  const changed = text.slice(from, start) + replacement + text.slice(end, endOf(end))
  return {
    start,
    end,
    replacement,
    line: text.slice(from, endOf(start)).trim(),
    becomes: replacement === ';' ? '' : changed.trim(),
    lineNumber: text.slice(0, start).split('\n').length,
  }
}

function editsOf(node: Node, text: string): Edit[] {
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression':
    case 'AssignmentExpression':
      return [...operatorEdits(node, text), ...comparedText(node)]
    case 'UpdateExpression': {
      const at = node['prefix'] ? node.start : node.end - 2
      return [[at, at + 2, node['operator'] === '++' ? '--' : '++']]
    }
    case 'UnaryExpression':
      return ['!', '-'].includes(String(node['operator'])) ? [[node.start, node.start + 1, '']] : []
    case 'Literal':
      return literalEdits(node)
    case 'SwitchCase':
      return emptied(node['test'])
    case 'WhileStatement':
    case 'ConditionalExpression':
      return negated(node['test'], text)
    case 'IfStatement':
      return [...negated(node['test'], text), ...removedExit(node, text)]
    case 'ExpressionStatement':
      return isCall(node['expression']) ? [[node.start, node.end, ';']] : []
    default:
      return []
  }
}

function operatorEdits(node: Node, text: string): Edit[] {
  const [left, right] = [node['left'], node['right']] as [Node, Node]
  const operator = String(node['operator'])
  const isText = [left, right].some(
    (side) => side.type === 'TemplateLiteral' || typeof side['value'] === 'string',
  )
  if (isText && operator.startsWith('+')) return []
  const at = text.indexOf(operator, left.end)
  return (operators[operator] ?? []).map((other) => [at, at + operator.length, other])
}

/** Text is emptied if it is compared with something, and nowhere else. */
function comparedText(node: Node): Edit[] {
  const isComparison = ['===', '!=='].includes(String(node['operator']))
  return isComparison ? [...emptied(node['left']), ...emptied(node['right'])] : []
}

function emptied(node: unknown): Edit[] {
  const isText = isNode(node) && typeof node['value'] === 'string' && node['value'] !== ''
  return isText ? [[node.start, node.end, "''"]] : []
}

function literalEdits({ start, end, value }: Node): Edit[] {
  if (typeof value === 'boolean') return [[start, end, String(!value)]]
  if (typeof value !== 'number') return []
  return [value + 1, value - 1].map((other) => [start, end, other < 0 ? `(${other})` : `${other}`])
}

/** Conditions that no operator's mutant reverses. */
function negated(test: unknown, text: string): Edit[] {
  if (!isNode(test)) return []
  if (['BinaryExpression', 'LogicalExpression', 'UnaryExpression', 'Literal'].includes(test.type)) {
    return []
  }
  return [[test.start, test.end, `!(${text.slice(test.start, test.end)})`]]
}

/** `if (…) return`, `throw`, `continue` or `break`, removed unless it awaits something. */
function removedExit(node: Node, text: string): Edit[] {
  const consequent = node['consequent'] as Node
  const body = consequent.type === 'BlockStatement' ? (consequent['body'] as Node[]) : [consequent]
  const isExit = node['alternate'] === null && exits.includes(body.at(-1)?.type ?? '')
  if (!isExit || /\bawait\b/.test(text.slice(node.start, node.end))) return []
  return [[node.start, node.end, ';']]
}

function isCall(node: unknown): boolean {
  if (!isNode(node)) return false
  return (
    node.type === 'CallExpression' || (node.type === 'AwaitExpression' && isCall(node['argument']))
  )
}
