"""The one database: tables, encrypted columns, migrations, transactions. SQLite by default, PostgreSQL by URL."""
