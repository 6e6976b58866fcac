/** The TCP sockets on which a process and its descendants listen, from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface ListeningSocket {
  /** The process's command line. */
  command: string
  /** Dotted; an IPv6 address as 32 hex digits. */
  host: string
  port: number
}

export function listeningSockets(root: number): ListeningSocket[] {
  const byInode = new Map(['tcp', 'tcp6'].flatMap(readTable))
  return treeOf(root).flatMap((pid) => {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return socketInodes(pid).flatMap((inode) => {
      const address = byInode.get(inode)
      return address === undefined ? [] : [{ command, ...address }]
    })
  })
}

/** The listening sockets of the machine by inode. */
function readTable(name: string): [string, { host: string; port: number }][] {
  const rows = readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1, -1)
  return rows.flatMap((row): [string, { host: string; port: number }][] => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    const isListening = state === '0A'
    return isListening ? [[inode, { host: hostOf(address), port: Number.parseInt(port, 16) }]] : []
  })
}

function hostOf(hex: string): string {
  if (hex.length > 8) return hex
  return Buffer.from(hex, 'hex').reverse().join('.')
}

function socketInodes(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return [] // It was closed meanwhile.
    }
  })
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(name))
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const below = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)]
  return below(root)
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2])
  } catch {
    return -1
  }
}
