"""Live MCP servers, by the official SDK (the extra `mcp`): their tools for an agent's samples.

    server = McpServer(connection)
    listed = await server.tools()                        # one session, ended at once
    session = server.session(); await session.call("get_weather", {"city": "Ulm"}); await session.aclose()

A server is a stranger: what it may say is limited in time, size and number before the SDK sees it (`transports`).
"""
