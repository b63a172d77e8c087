/** Statements that are executed for each row of a list. Preparing a statement takes longer than executing it. */
import type Database from 'better-sqlite3'
import type { Db } from './index.ts'

const kept = new WeakMap<Db, Map<string, Database.Statement>>()

/** The statement, which is prepared at the first call. All calls with this SQL get the same statement. */
export function statementOf(db: Db, sql: string): Database.Statement {
  const statements = kept.get(db) ?? new Map<string, Database.Statement>()
  kept.set(db, statements)
  const statement = statements.get(sql) ?? db.prepare(sql)
  statements.set(sql, statement)
  return statement
}
