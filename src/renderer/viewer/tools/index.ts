import type { ToolName } from '../marks.ts'
import { ellipse, line, rectangle } from './draw.ts'
import { pan } from './pan.ts'
import type { Tool } from './tool.ts'
import { window } from './window.ts'

export const TOOLS: Readonly<Record<ToolName, Tool>> = { window, pan, rectangle, ellipse, line }
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[]
