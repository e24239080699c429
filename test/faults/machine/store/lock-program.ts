/** Holds a database, as somebody with sqlite3 might: opens the file in its first argument and runs the SQL in its second. */
import { DatabaseSync } from 'node:sqlite'

const [path = '', sql = ''] = process.argv.slice(2)
const database = new DatabaseSync(path)
database.exec(sql)
process.on('disconnect', () => database.close())
process.send?.('held')
