"""Models behind OpenAI-compatible endpoints: hosted APIs, vLLM, ray.serve.llm, llama-server, SGLang, Ollama."""
